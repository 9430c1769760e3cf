// Mailed links in the browser: from the code page to the mail that is asked for,
// and from a link to the set-up of another app or to a new password.  The tokens
// are put into Redis as the mailer does (core/mailtoken.c); that links come by a
// real mail server is t/38-link-abuse.t's.

'use strict';

const crypto = require('node:crypto');


module.exports = ({ arrive, seen, is, ok, world }) => {

function mint(login, purpose) {
    const id = crypto.randomBytes(32);
    const hashOf = (data) => crypto.createHash('sha256').update(data).digest()
        .subarray(0, 24).toString('base64url');
    const hash = hashOf(id);
    const email = world().redis('HGET', `mfa:{user}:account:${login}`,
                                'email').trim();
    const generation = world().redis('HGET', `mfa:{user}:account:${login}`,
                                     'generation').trim();
    const record = [2, hash, purpose, 'user', login, generation,
                    Math.floor(Date.now() / 1000) + 3600, hashOf(email)].join('\t');

    world().redis('SET', `mfa:{user}:pending-token:${hash}`, record);
    world().redis('SET', `mfa:{user}:newest-token:${login}`, hash);

    return id.toString('base64url');
}


// What the button looks like, and whether a mouse can press it.
async function inactive(person) {
    return person.page.locator('form.whole button').evaluate(
        (button) => getComputedStyle(button).pointerEvents === 'none');
}


return {

'mailed links: a lost phone': async () => {
    world().account('user', 'mara', ['--email', 'mara@example.com']);
    const mara = await arrive();

    await mara.go('/mfa/login');
    await mara.logIn('mara');
    await mara.go('/mfa/enrol/scan');
    const old = await mara.scan();
    await mara.enter(mara.code(), 'Submit');
    await mara.leave();

    const again = await arrive();
    await again.go('/');
    await again.logIn('mara');
    is(await again.where(), 'code', 'the code page');
    await seen(again, 'code-with-reset');
    await again.press('Reset TOTP MFA');
    is(await again.where(), 'reset-sent', 'Reset TOTP MFA (feature 003-25)');
    await seen(again, 'reset-sent');
    await again.follow('Enter a code');
    is(await again.where(), 'code', 'and back');
    await again.leave();

    const phone = await arrive();
    const token = mint('mara', 'reset');
    await phone.go(`/mfa/setup?t=${token}`);
    is(await phone.where(), 'setup', 'the link of the mail (feature 003-28)');
    ok(await inactive(phone), 'the button is inactive');
    await seen(phone, 'setup');
    await phone.page.locator('#login').fill('mara@example.com');
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
    await phone.go(`/mfa/setup?t=${token}`);
    is(await phone.alert(), 'link', 'the link is used');
    await seen(phone, 'setup-dead');
    await phone.leave();
},

'mailed links: a new password': async () => {
    world().account('user', 'nele', ['--email', 'nele@example.com',
                                     '--require-mfa']);
    const nele = await arrive();
    const fill = async (one, two) => {
        await nele.page.locator('#password').fill(one);
        await nele.page.locator('#password2').fill(two);
        await nele.press('Change Password');
    };

    await nele.go(`/mfa/password?t=${mint('nele', 'password')}`);
    is(await nele.where(), 'password', 'Change Password opens a page '
       + '(feature 002-12)');
    await seen(nele, 'password');
    await fill('password123', 'password123');
    is(await nele.alert(), 'password-common', 'one that is guessed at once');
    await seen(nele, 'password-refused');
    await fill('a better one 1', 'a better one 1');
    is(await nele.where(), 'enrol-app', 'then the apps (feature 002-13)');
    await nele.go('/mfa/password');
    await seen(nele, 'password-current');
    await nele.go('/mfa/password?t=x');
    is(await nele.alert(), 'link', 'a link that is none');
    await seen(nele, 'password-dead');
    await nele.leave();
},

};

};
