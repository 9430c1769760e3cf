#!/usr/bin/python3
"""The demo's mail server: it takes every mail and delivers none.

    mailbox.py SOCKET FOLDER

Each mail becomes two files of FOLDER, its HTML and its text, named after its
number, its recipient and its subject; nginx.conf shows the folder to a browser.
"""

import email
import email.policy
import os
import re
import signal
import sys

from aiosmtpd.controller import UnixSocketController


class Mailbox:
    def __init__(self, folder):
        self.folder = folder
        self.number = len([name for name in os.listdir(folder)
                           if name.endswith('.txt')])

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content,
                                        policy=email.policy.default)
        self.number += 1
        words = re.sub(r'[^A-Za-z0-9@.]+', '-', '%s %s' % (
            envelope.rcpt_tos[0], mail['subject'])).strip('-')
        # A listing of nginx shows 50 characters of a name.
        name = os.path.join(self.folder, '%03d-%.40s' % (self.number, words))

        for kind, suffix in ('html', '.html'), ('plain', '.txt'):
            part = mail.get_body(preferencelist=(kind,))

            if part:
                # Complete, or not there at all, for whoever looks meanwhile.
                with open(name + '.part', 'w', encoding='utf-8') as out:
                    out.write(part.get_content())
                os.rename(name + '.part', name + suffix)

        return '250 Kept for you to read'


def main():
    socket, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)

    if os.path.exists(socket):
        os.unlink(socket)

    controller = UnixSocketController(Mailbox(folder), unix_socket=socket)
    controller.start()
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    controller.stop()
    os.unlink(socket)


if __name__ == '__main__':
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
