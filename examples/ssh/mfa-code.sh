#!/bin/sh
# Run by pam_exec: asks the portal's mfa_verify about whoever logs in.
#
#   mfa-code.sh ask SOCKET      0: let in without a code
#   mfa-code.sh check SOCKET    0: let in, the code on standard input is right
#
# Whatever else happens is "no": nginx away, an answer that is none, a name that
# cannot be one of the portal.  Nothing secret is ever an argument or in the
# environment: printf is the shell's own, curl reads its question.
set -eu

PATH=/usr/bin:/bin
LC_ALL=C
export PATH LC_ALL

no() {
    logger -t mfa-code -p auth.notice -- "$1" 2> /dev/null || :
    exit 1
}

step=$1
socket=$2
user=${PAM_USER:-}
address=${PAM_RHOST:-}
address=${address%%%*}                  # fe80::1%eth0
code=

# Nothing that JSON would need escaped comes further than here.
case $user in
'' | *[!A-Za-z0-9._@+-]*) no 'a login that no portal has' ;;
esac

case $address in
*[!0-9a-fA-F:.]*) no 'PAM_RHOST is no address: sshd needs UseDNS no' ;;
esac

if [ "$step" = check ]; then
    # pam_exec ends it with a zero byte.
    code=$(head -c 64 | tr -d '\000')

    case $code in
    '' | *[!0-9]*) no "what $user typed is no code" ;;
    esac
fi

question() {
    printf '{"login":"%s"' "$user"

    if [ -n "$address" ]; then
        printf ',"address":"%s"' "$address"
    fi

    if [ -n "$code" ]; then
        printf ',"code":"%s"' "$code"
    fi

    printf '}'
}

answer=$(question | curl -q --silent --fail --noproxy '*' --max-time 15 \
             --unix-socket "$socket" --header 'Content-Type: application/json' \
             --data-binary @- http://localhost/verify) || answer=no

case $step$answer in
'ask{"result":"ok","asked":false}')   exit 0 ;;
'check{"result":"ok","asked":true}')  exit 0 ;;
'check{"result":"ok","asked":false}') exit 0 ;;
ask*)                                 exit 1 ;;
esac

no "$user is not let in"
