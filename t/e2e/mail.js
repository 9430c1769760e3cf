// Mails in the browser, for journey.js: each is caused as it is in life, by a
// button of the console, by mfactl or by its owner, goes through Redis, mfactl
// mailer and a real SMTP server, is looked at as a reader shows it, and its link
// is followed to what it promised.  Fails when a mail does not come, cannot be
// read, has two parts that say different things, or leads nowhere.

'use strict';

const fs = require('node:fs');
const { root, pause } = require('./world.js');

const texts = (locale) => JSON.parse(fs.readFileSync(
    `${root}/lua-free-templates/i18n/${locale}.json`));

// A mail is no page: what it is part of has the landmarks.
const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] };


module.exports = ({ arrive, seen, is, ok, world }) => {

const shown = new Set();
const address = (login) => `${login}@example.com`;
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const linksOf = (links) => [...new Set(links.filter(
    (link) => link.includes('?t=')))].join(' ');


// Both parts as a reader shows them, of each mail once.
async function read(mail, name) {
    if (shown.has(name)) {
        return;
    }

    shown.add(name);

    const reader = await arrive();

    await reader.page.setContent(mail.html);
    // What is behind a mail is the reader's; axe-core takes nothing for white.
    await reader.page.addStyleTag({ content: ':root { background: Canvas }' });
    await seen(reader, `mail-${name}`, rules);
    await reader.page.setContent(`<!doctype html><html lang="en">
        <meta name="viewport" content="width=device-width">
        <meta name="color-scheme" content="light dark">
        <title>${escaped(mail.subject)}</title>
        <style>:root { background: Canvas }</style>
        <pre style="white-space:pre-wrap;overflow-wrap:anywhere">`
        + `From: ${escaped(mail.from)}\nTo: ${escaped(mail.to)}\n`
        + `Subject: ${escaped(mail.subject)}\n\n${escaped(mail.text)}</pre>`);
    await seen(reader, `mail-${name}-text`, rules);
    await reader.leave();
}


// What has come to somebody since the last look: these kinds, in their order.
const known = {};

async function mailed(to, kinds, { brand = 'Example', locale = 'en' } = {}) {
    const catalogue = texts(locale);
    const subject = (kind) => catalogue[`mail_${kind.replace(/-/g, '_')}_subject`]
        .replace('{{brand}}', brand);
    const mails = world().post(to);
    const fresh = mails.slice(known[to] || 0);

    known[to] = mails.length;
    is(fresh.map((mail) => mail.subject).join('\n'),
       kinds.map(subject).join('\n'), `to ${to} comes: ${kinds.join(', ')}`);

    for (const [i, mail] of fresh.entries()) {
        const name = locale === 'en' ? kinds[i] : `${kinds[i]}-${locale}`;

        is(mail.parts.join(' '), 'multipart/alternative text/plain text/html',
           'as text and as HTML');
        is(linksOf(mail.text_links), linksOf(mail.links),
           'with the same link in both, or none in either');
        ok(mail.text.includes(catalogue.mail_hello.split('{{')[0]),
           'and with a greeting');
        await read(mail, name);
    }

    return fresh;
}


// Presses the button in the mail, in a browser that comes from the mailbox.
async function press(person, mail, button) {
    await person.page.goto('about:blank');
    await person.page.setContent(mail.html);
    await person.follow(button);
}


async function admin() {
    const login = `postmaster${shown.size}`;
    const person = await arrive({ portal: world().staff });

    world().account('staff', login, ['--role', 'administrator_with_billing']);
    await person.go('/mfa/console/');
    await person.logIn(login);
    person.open = (portal, account) => person.go(
        `/mfa/console/${portal}/${account}`);

    return person;
}


async function demand(chief, days) {
    await chief.page.getByLabel('Require Multi-Factor Authentication on Login '
                                + 'Portal').check();
    await chief.page.getByLabel('Days to set it up').selectOption(days);
    await chief.press('Save User');
}


// What the button looks like, and whether a mouse can press it.
async function inactive(person) {
    return person.page.locator('form.whole button').evaluate(
        (button) => getComputedStyle(button).pointerEvents === 'none');
}


// The page of a set-up mail, filled in.
async function proves(person, login) {
    is(await person.where(), 'setup', 'the link leads to its page');
    await person.page.locator('#login').fill(login);
    await person.page.locator('#password').fill(world().password);
    await person.press('Set Up MFA');
}


async function choose(person, one, button = 'Change Password') {
    await person.page.locator('#password').fill(one);
    await person.page.locator('#password2').fill(one);
    await person.press(button);
}


// From the apps to the portal.
async function setsUp(person, login) {
    is(await person.where(), 'enrol-app', 'download an app, or');
    await person.follow('I have an app');
    await person.scan();
    await person.enter(person.code(), 'Submit');
    is(await person.where(), 'enrol-done', 'the app is set up');
    person.recovery = (await person.page.locator('[data-mfa-recovery]')
        .innerText()).trim().split(/\s+/);
    await person.follow('Continue');
    ok((await person.text()).includes(`user=${login} level=mfa`),
       'at the end of the link is the portal');
}


async function enrolled(login, options = []) {
    const person = await arrive();

    world().account('user', login, ['--email', address(login), ...options]);
    await person.go('/mfa/login');
    await person.logIn(login);
    await person.go('/mfa/enrol');
    await setsUp(person, login);
    await mailed(address(login), ['new-network', 'enrolled']);
    await person.leave();

    return person.key;
}


return {

'mails: MFA is required, then all that happens to an account': async () => {
    const to = 'emma@example.com';
    const chief = await admin();
    const emma = await arrive();

    world().account('user', 'emma', ['--name', 'Emma Example', '--email', to]);
    await chief.open('user', 'emma');
    await demand(chief, '3');
    const [first] = await mailed(to, ['enabled']);
    await chief.press('Resend Email');
    const [second] = await mailed(to, ['enabled']);
    await chief.leave();

    await press(emma, first, 'Set Up MFA');
    is(await emma.alert(), 'link', 'Resend Email ends the link before '
       + '(feature 004-07)');
    await press(emma, second, 'Set Up MFA');
    await proves(emma, to);
    await setsUp(emma, 'emma');
    await mailed(to, ['new-network', 'enrolled']);

    const away = await arrive({ extraHTTPHeaders: { 'X-From': '192.0.2.7' } });
    await away.go('/');
    await away.logIn('emma');
    await away.page.getByText('Code not accepted').click();
    await away.follow('Use a recovery code');
    await away.enter(emma.recovery[0]);
    is(await away.where(), 'portal', 'elsewhere, by a recovery code');
    const [network, used] = await mailed(to, ['new-network', 'recovery-used']);
    ok(network.text.includes('192.0.2.7')
       && network.text.includes('Chrome, Linux'), 'it says from where, and with '
       + 'what');
    ok(used.text.includes('left: 9'), 'and how many are left (feature 100-03)');
    await away.go('/mfa/security');
    await away.press('Make new recovery codes');
    await mailed(to, ['recovery-made']);
    await away.go('/mfa/password');
    await away.page.locator('#current').fill(world().password);
    await choose(away, 'a better one 1');
    await mailed(to, ['password-changed']);
    await away.leave();

    world().mfactl('account', 'role', 'user', 'emma', '--role', 'manager');
    await mailed(to, ['role-changed']);
    world().mfactl('account', 'edit', 'user', 'emma', '--email',
                   'emma@example.net');
    await mailed(to, ['email-changed']);
    world().mfactl('account', 'disable', 'user', 'emma');
    await mailed('emma@example.net', ['disabled']);
    await mailed(to, []);
    await emma.go('/');
    await emma.logIn('emma', 'a better one 1');
    is(await emma.alert(), 'credentials', 'nobody can log in any more');
    await emma.leave();
},

'mails: a new password first': async () => {
    const to = 'nele@example.com';
    const brand = { brand: 'Example Team' };
    const chief = await admin();
    const nele = await arrive({ portal: world().team });

    world().account('team', 'nele', ['--email', to]);
    await chief.open('team', 'nele');
    await demand(chief, '7');
    const [mail] = await mailed(to, ['password-reset'], brand);
    await press(nele, mail, 'Change Password');
    is(await nele.where(), 'password', 'Change Password opens a page '
       + '(feature 002-12)');
    await seen(nele, 'password');
    await choose(nele, 'password123');
    is(await nele.alert(), 'password-common', 'one that is guessed at once');
    await seen(nele, 'password-refused');
    await choose(nele, world().password);
    await setsUp(nele, 'nele');
    await mailed(to, ['password-changed', 'enrolled'], brand);
    await nele.go('/mfa/password');
    await seen(nele, 'password-current');
    await nele.go('/mfa/password?t=x');
    is(await nele.alert(), 'link', 'a link that is none');
    await seen(nele, 'password-dead');
    await nele.leave();
    await chief.leave();
},

'mails: an invitation': async () => {
    const to = 'ines@example.com';
    const chief = await admin();
    const ines = await arrive();

    await chief.go('/mfa/console/new?portal=user');
    await chief.page.getByLabel('User name').fill('ines');
    await chief.page.getByLabel('Name', { exact: true }).fill('Ines Example');
    await chief.page.getByLabel('E-mail address').fill(to);
    await chief.page.getByLabel('With an invitation by mail').check();
    await chief.page.getByLabel('Require Multi-Factor Authentication on Login '
                                + 'Portal').check();
    await chief.press('Create');
    const [mail] = await mailed(to, ['invitation']);
    await press(ines, mail, 'Choose a password');
    is(await ines.where(), 'password', 'its link is for a password '
       + '(feature 002-08)');
    await seen(ines, 'password-first');
    await choose(ines, world().password, 'Choose a password');
    await setsUp(ines, 'ines');
    await mailed(to, ['password-changed', 'enrolled']);
    await ines.leave();
    await chief.leave();
},

'mails: a lost phone': async () => {
    const to = 'mara@example.com';
    const old = await enrolled('mara');
    const mara = await arrive();

    await mara.go('/');
    await mara.logIn('mara');
    is(await mara.where(), 'code', 'the code page');
    await seen(mara, 'code-with-reset');
    await mara.press('Reset TOTP MFA');
    is(await mara.where(), 'reset-sent', 'Reset TOTP MFA (feature 003-25)');
    await seen(mara, 'reset-sent');
    await mara.follow('Enter a code');
    is(await mara.where(), 'code', 'and back');
    await mara.leave();

    const [mail] = await mailed(to, ['reset']);
    const phone = await arrive();
    await press(phone, mail, 'Set Up MFA');
    is(await phone.where(), 'setup', 'the link of the mail (feature 003-28)');
    ok(await inactive(phone), 'the button is inactive');
    await seen(phone, 'setup');
    await phone.page.locator('#login').fill(to);
    ok(await inactive(phone), '- until both are filled (feature 003-29)');
    await phone.page.locator('#password').fill('wrong horse battery');
    ok(!await inactive(phone), 'then it is not');
    await seen(phone, 'setup-filled');
    await phone.press('Set Up MFA');
    is(await phone.alert(), 'credentials', 'a wrong password is refused');
    await seen(phone, 'setup-refused');
    await phone.page.locator('#password').fill(world().password);
    await phone.press('Set Up MFA');
    is(await phone.where(), 'enrol-app', 'download an app, or');
    await phone.follow('I have an app');
    ok(await phone.scan() !== old, '- another key is shown (feature 003-31)');
    await phone.enter(phone.code(), 'Submit');
    ok(/reset was successful/i.test(await phone.text()),
       'the reset was successful (feature 003-33)');
    await seen(phone, 'reset-done');
    await phone.follow('Continue');
    is(await phone.where(), 'portal', 'and is in');
    await mailed(to, ['reset-done']);
    await press(phone, mail, 'Set Up MFA');
    is(await phone.alert(), 'link', 'the link is used');
    await seen(phone, 'setup-dead');
    await phone.leave();
},

'mails: an admin resets': async () => {
    const to = 'otto@example.com';
    const old = await enrolled('otto');
    const chief = await admin();
    const otto = await arrive();

    await chief.open('user', 'otto');
    await chief.page.getByText('Reset TOTP MFA').first().click();
    await chief.press('Reset TOTP MFA');
    const [mail] = await mailed(to, ['reset']);
    await press(otto, mail, 'Set Up MFA');
    await proves(otto, 'otto');
    await setsUp(otto, 'otto');
    ok(otto.key !== old, 'with another key (feature 003-26)');
    await mailed(to, ['reset-done']);
    await otto.leave();
    await chief.leave();
},

'mails: a deadline': async () => {
    const rita = await arrive(), late = await arrive();

    world().account('user', 'rita', ['--email', 'rita@example.com',
                                     '--require-mfa', '--grace', '20h']);
    const [mail] = await mailed('rita@example.com', ['reminder']);
    await press(rita, mail, 'Set Up MFA');
    await proves(rita, 'rita');
    await setsUp(rita, 'rita');
    await mailed('rita@example.com', ['new-network', 'enrolled']);
    await rita.leave();

    world().account('user', 'late', ['--email', 'late@example.com',
                                     '--require-mfa', '--grace', '1s']);
    await pause(1100);
    await mailed('late@example.com', ['locked-out']);
    await late.go('/');
    await late.logIn('late');
    is(await late.where(), 'locked', 'as the mail says (feature 100-01)');
    await late.leave();
},

'mails: in other languages': async () => {
    for (const locale of ['de', 'fr']) {
        const login = `letter-${locale}`, to = address(login);

        world().account('user', login, ['--email', to]);
        const person = await arrive({ locale: `${locale}-CH` });
        await person.go('/mfa/login');
        await person.page.locator('#login').fill(login);
        await person.page.locator('#password').fill(world().password);
        await person.page.locator('form button[type=submit]').first().click();
        await person.page.waitForURL((url) => !url.pathname.endsWith('/login'));
        await person.leave();
        await mailed(to, ['new-network'], { locale });
        world().mfactl('mfa', 'require', 'user', login, '--grace', '3d');
        await mailed(to, ['enabled'], { locale });
    }
},

};

};
