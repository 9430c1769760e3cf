// The journeys of the browser suite, as TAP; t/90-browser.t runs this file.
//
// Real people's ways through the gate in a real browser: set-up by QR code and
// one-time codes that foreign programs read and make, putting off, lockout,
// outage, refusals, without script, with the keyboard alone.  Every page is
// looked at on the way (look.js).  Fails when a page, a redirect, a cookie or a
// policy header is not as a browser needs it, where requests made by hand would
// still succeed.

'use strict';

const { chromium } = require('playwright-core');
const { World, pause } = require('./world.js');
const { Person } = require('./person.js');
const { look } = require('./look.js');

let world, browser, tests = 0;
const complaints = [];


function ok(good, title, detail = '') {
    console.log(`${good ? 'ok' : 'not ok'} ${++tests} - ${title}`);

    if (!good && detail) {
        console.log(String(detail).replace(/^/gm, '#   '));
    }
}


function is(got, expected, title) {
    ok(got === expected, title, `got:      ${got}\nexpected: ${expected}`);
}


const arrive = (options) => Person.arrive(browser, world, complaints, options);


async function seen(person, name, rules) {
    const faults = await look(person.page, name, rules);

    ok(faults.length === 0, `${name} looks right in light, in dark, on a phone `
       + 'and to axe-core (feature 100-14)', faults.join('\n'));
}


const journeys = {

'setting up, then a second login': async () => {
    world.account('user', 'anna', ['--name', 'Anna Example', '--require-mfa',
                                   '--grace', '7d']);
    const anna = await arrive();

    await anna.go('/reports?year=2026&all=1');
    is(await anna.where(), 'login', 'a stranger is led to the login page');
    await seen(anna, 'login');

    await anna.logIn('anna', 'wrong horse battery');
    is(await anna.alert(), 'credentials', 'a wrong password is refused');
    is(await anna.page.getByLabel('User name').inputValue(), 'anna',
       'the name typed is kept');
    await seen(anna, 'login-refused');

    await anna.logIn(' Anna ');
    is(await anna.where(), 'enrol-app', 'the set-up is offered after the '
       + 'password and not before (feature 000-17)');
    ok((await anna.text()).includes('7 days left'),
       'the days left are shown (feature 100-01)');
    await seen(anna, 'enrol-app');

    await anna.follow('Next');
    is(await anna.where(), 'enrol-scan', 'Next leads to the QR code '
       + '(feature 000-19)');
    is(await anna.page.locator('svg').count(), 1,
       'the QR code is the only picture of its kind on the page');

    const key = await anna.scan();
    is(anna.uri.protocol, 'otpauth:', 'a foreign reader reads the QR code');
    is(anna.uri.searchParams.get('issuer'), 'Example', 'it names the issuer');
    is((await anna.page.locator('[data-mfa-key]').innerText())
       .replace(/\s/g, ''), key, 'the key for typing is the same '
       + '(feature 001-06)');
    is(await anna.page.getByRole('link', { name: 'Open in an app' })
       .getAttribute('href'), anna.uri.href, 'so is the link for this device');
    await seen(anna, 'enrol-scan');

    await anna.page.emulateMedia({ colorScheme: 'dark' });
    await anna.page.setViewportSize({ width: 375, height: 740 });
    is(await anna.scan(), key, 'the QR code can be read on a phone in the dark');
    await anna.page.setViewportSize({ width: 1280, height: 800 });

    await anna.enter('000000', 'Submit');
    is(await anna.alert(), 'code', 'a wrong code does not confirm the key '
       + '(feature 001-07)');
    is(await anna.scan(), key, 'and the same key is shown again');
    await seen(anna, 'enrol-scan-refused');

    await anna.enter(anna.code(), 'Submit');
    is(await anna.where(), 'enrol-done', 'a code of oathtool confirms the key');
    ok((await anna.text()).includes('TOTP MFA Setup is Complete'),
       'the page says so (feature 000-22)');
    await seen(anna, 'enrol-done');

    await anna.follow('Continue');
    is(await anna.where(), 'portal', 'Continue leads to the portal');
    is(new URL(anna.page.url()).pathname + new URL(anna.page.url()).search,
       '/reports?year=2026&all=1', 'to the very page that was asked for');
    ok((await anna.text()).includes('user=anna level=mfa'),
       'the portal is told who came in, and how');

    await anna.go('/mfa/security');
    await seen(anna, 'security-enrolled');
    await anna.press('Log out');
    is(await anna.where(), 'login', 'logout leads to the login page');
    ok((await anna.text()).includes('You have been logged out'), 'and says so');
    await seen(anna, 'login-after-logout');
    await anna.go('/');
    is(await anna.where(), 'login', 'after it the portal is closed');
    await anna.page.goBack();
    await anna.page.goBack();
    ok(!(await anna.text()).includes('level=mfa'),
       'going back does not bring the portal out of the cache');

    await anna.go('/');
    await anna.logIn('anna');
    is(await anna.where(), 'code', 'a code is asked for at the next login '
       + '(feature 000-23)');
    await anna.go('/');
    is(await anna.where(), 'code', 'the password alone opens nothing '
       + '(feature 004-01)');
    await seen(anna, 'code');
    await anna.enter(anna.code());
    is(await anna.where(), 'portal', 'the next code lets in');

    await anna.go('/mfa/security');
    is(await anna.page.locator('[data-mfa-state]')
       .getAttribute('data-mfa-state'), 'validated',
       'a second code validates the key (feature 001-11)');
    await seen(anna, 'security-validated');

    await pause(2100);
    await anna.go('/payroll/');
    is(await anna.where(), 'code', 'a place that wants a fresh code asks for '
       + 'one (feature 100-06)');
    await seen(anna, 'code-step-up');
    await anna.go('/');
    is(await anna.where(), 'portal', 'all others stay open meanwhile');

    await anna.go('/mfa/security');
    await anna.press('Log out');
    await anna.logIn('anna');
    await anna.enter(anna.last);
    is(await anna.alert(), 'code', 'a code that was used is refused '
       + '(security 11)');
    await seen(anna, 'code-refused');

    for (let i = 0; i < 5; i++) {
        await anna.enter('000000');
    }

    is(await anna.alert(), 'limited', 'guessing codes comes to an end '
       + '(security 14)');
    await seen(anna, 'code-limited');
    await anna.go('/mfa/enrol');
    is(await anna.alert(), 'forbidden', 'who has a key gets no new one for the '
       + 'password alone (security 19)');
    await seen(anna, 'error-forbidden');
    await anna.leave();
},

'sessions, a trusted browser, a validated key': async () => {
    world.account('user', 'tilda');
    const tilda = await arrive();

    await tilda.go('/mfa/login');
    await tilda.logIn('tilda');
    await tilda.go('/mfa/enrol/scan');
    await tilda.scan();
    await tilda.enter(tilda.code(), 'Submit');
    await tilda.go('/mfa/security');
    await tilda.follow('Validate it now');
    is(await tilda.where(), 'validate', 'the security page leads to the '
       + 'validation');
    await seen(tilda, 'validate');
    await tilda.page.getByLabel('First code').fill('000000');
    await tilda.page.getByLabel('The code after it').fill('000001');
    await tilda.press('Validate');
    is(await tilda.alert(), 'codes', 'two wrong codes validate nothing '
       + '(feature 001-07)');
    await seen(tilda, 'validate-refused');
    const [first, second] = tilda.pair();
    await tilda.page.getByLabel('First code').fill(first);
    await tilda.page.getByLabel('The code after it').fill(second);
    await tilda.press('Validate');
    is(await tilda.page.locator('[data-mfa-state]')
       .getAttribute('data-mfa-state'), 'validated',
       'two in a row do (feature 001-11)');

    world.redis('ZREM', 'mfa:{user}:steps', 'tilda');
    tilda.given = 0;
    const phone = await arrive({ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS '
        + '17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)' });
    await phone.go('/');
    await phone.logIn('tilda');
    await phone.page.getByLabel('Trust this browser for 30 days').check();
    await seen(phone, 'code-trust');
    phone.key = tilda.key;
    phone.given = 0;
    await phone.enter(phone.code());
    is(await phone.where(), 'portal', 'a code, and the browser is trusted');
    await phone.go('/mfa/security');
    await seen(phone, 'security-phone');
    await phone.press('Log out');
    await phone.logIn('tilda');
    is(await phone.where(), 'portal', 'the password is enough in it '
       + '(feature 100-04)');

    await tilda.go('/mfa/security');
    is(await tilda.page.locator('[data-mfa-session]').count(), 2,
       'both sessions are listed (security 34)');
    is(await tilda.page.locator('[data-mfa-device]').count(), 1,
       'and the browser');
    await seen(tilda, 'security-sessions');
    await tilda.press('Stop trusting all');
    is(await tilda.page.locator('[data-mfa-device]').count(), 0,
       'its owner trusts it no longer');
    await tilda.press('End all other sessions');
    is(await tilda.page.locator('[data-mfa-session]').count(), 1,
       'and ends the other session');
    await seen(tilda, 'security-done');
    await phone.go('/');
    is(await phone.where(), 'login', 'which is over at once (feature 100-05)');
    await phone.logIn('tilda');
    is(await phone.where(), 'code', 'and the code is asked for again');
    await phone.leave();
    await tilda.leave();
},

'putting off, then the lockout': async () => {
    world.account('user', 'lena', ['--require-mfa', '--grace', '3d']);
    const lena = await arrive();

    await lena.go('/');
    await lena.logIn('lena');
    ok((await lena.text()).includes('3 days left'), 'the days left are shown');
    await lena.press('Set up later');
    is(await lena.where(), 'portal', 'within the grace period it can be put off '
       + '(feature 000-11)');
    ok((await lena.text()).includes('level=password'),
       'the portal is told that there was no code');
    await lena.go('/mfa/security');
    ok((await lena.text()).includes('3 days left'),
       'the security page shows the days, too (feature 100-01)');
    await seen(lena, 'security-grace');

    // Time goes by: nothing but that brings a deadline nearer.
    const deadline = (sec) => world.redis('HSET', 'mfa:{user}:account:lena',
        'deadline', String(Math.floor(Date.now() / 1000) + sec));

    deadline(5 * 3600);
    await lena.go('/mfa/enrol');
    ok((await lena.text()).includes('5 h left'), 'the last day counts in hours');
    await seen(lena, 'enrol-app-hours');

    deadline(-1);
    const answer = await lena.go('/');
    is(await lena.where(), 'locked', 'when the time is over the account is '
       + 'locked out (feature 000-10)');
    is(answer.status(), 403, 'with the status of a refusal');
    ok(/ended on \d{4}-\d\d-\d\d/.test(await lena.text()),
       'and since when is told');
    await seen(lena, 'locked');
    await lena.go('/mfa/enrol/scan');
    is(await lena.where(), 'locked', 'and it is too late to set up');
    is(await lena.page.locator('.qr, [data-mfa-key]').count(), 0,
       'no key is shown');
    await lena.leave();

    const again = await arrive();
    await again.go('/');
    await again.logIn('lena');
    is(await again.where(), 'locked', 'a new login changes nothing '
       + '(feature 100-02)');
    await again.leave();
},

'password and code in one form': async () => {
    world.account('desk', 'dora');
    const dora = await arrive({ portal: world.desk });

    await dora.go('/mfa/login');
    await dora.logIn('dora');
    is(await dora.where(), 'portal', 'without a factor the field stays empty '
       + '(feature 002-19)');
    await dora.go('/mfa/enrol/scan');
    await dora.scan();
    await dora.enter(dora.code(), 'Submit');
    await dora.go('/mfa/security');
    await dora.press('Log out');
    await seen(dora, 'login-combined');

    const wrong = dora.shown(-3600);
    await dora.page.locator('#code').fill(wrong);
    await dora.logIn('dora');
    is(await dora.alert(), 'credentials', 'a wrong code is a wrong login '
       + '(feature 002-21)');
    await seen(dora, 'login-combined-refused');
    await dora.page.locator('#code').fill(dora.code());
    await dora.logIn('dora');
    is(await dora.where(), 'portal', 'both right open the portal');
    await dora.leave();
},

'an administrator, who cannot put off': async () => {
    world.account('admin', 'root', ['--role', 'administrator']);
    const root = await arrive({ portal: world.admin });

    await root.go('/');
    await seen(root, 'admin-login');
    await root.logIn('root');
    is(await root.where(), 'enrol-app', 'an admin is led to the set-up '
       + '(feature 000-16)');
    is(await root.page.getByRole('button', { name: 'Set up later' }).count(), 0,
       'without a way around it');
    await seen(root, 'admin-enrol-app');
    await root.go('/');
    is(await root.where(), 'enrol-app', 'nor is there one by hand');
    await root.follow('I have an app');
    await root.scan();
    await root.enter(root.code(), 'Submit');
    await root.follow('Continue');
    is(await root.where(), 'portal', 'after it the admin portal opens');
    await root.leave();
},

'an account that is blocked': async () => {
    world.account('user', 'oskar');
    const oskar = await arrive();

    await oskar.go('/');
    await oskar.logIn('oskar');
    is(await oskar.where(), 'portal', 'who need not set up is let in');
    await oskar.go('/mfa/security');
    await seen(oskar, 'security-not-required');

    world.mfactl('account', 'disable', 'user', 'oskar');
    await oskar.go('/');
    is(await oskar.where(), 'blocked', 'disabling acts at once (security 33)');
    await oskar.go('/mfa/login');
    await oskar.logIn('oskar');
    is(await oskar.alert(), 'credentials', 'a disabled account is refused like '
       + 'a wrong password (security 4)');
    world.mfactl('account', 'enable', 'user', 'oskar');
    await oskar.go('/');
    is(await oskar.where(), 'login', 'enabling does not bring the session back');

    await oskar.logIn('oskar');
    world.mfactl('account', 'delete', 'user', 'oskar');
    await oskar.go('/');
    is(await oskar.where(), 'blocked', 'a deleted account is told that it is '
       + 'blocked');
    await seen(oskar, 'blocked');
    await oskar.leave();

    world.account('user', 'faulty', ['--require-mfa']);
    const faulty = await arrive();

    await faulty.go('/');
    await faulty.logIn('faulty');
    await faulty.go('/mfa/enrol/scan');
    await faulty.scan();
    await faulty.enter(faulty.code(), 'Submit');
    world.redis('HDEL', 'mfa:{user}:account:faulty', 'secret');
    await faulty.go('/');
    is(await faulty.where(), 'blocked', 'an account that lost its key is '
       + 'blocked, never set up anew (security 21)');
    is(await faulty.alert(), 'fault', 'and is told to ask an administrator');
    await seen(faulty, 'blocked-fault');
    await faulty.leave();
},

'an outage': async () => {
    world.account('user', 'nora');
    const nora = await arrive();

    await nora.go('/');
    await nora.logIn('nora');
    await world.redisStop();
    const answer = await nora.go('/');
    is(await nora.where(), 'unavailable', 'without a store nobody is let in');
    is(answer.status(), 503, 'nor sent away');
    ok(answer.headers()['retry-after'], 'but told to come again');
    await seen(nora, 'unavailable');
    await world.redisStart();

    for (let i = 0; i < 50 && await nora.where() !== 'portal'; i++) {
        await pause(200);
        await nora.go('/');
    }

    is(await nora.where(), 'portal', 'when the store is back the session is, '
       + 'too: nobody was logged out');
    await nora.leave();
},

'refusals': async () => {
    world.account('user', 'rosa');
    const rosa = await arrive();

    await rosa.go('/mfa/nonsense');
    is(await rosa.alert(), 'not-found', 'a page that is not there');
    await seen(rosa, 'error-not-found');
    await rosa.go('/mfa/logout');
    is(await rosa.alert(), 'method', 'a visit does not log out (security 35)');

    await rosa.go('/mfa/login');
    await rosa.page.locator('[name=csrf]')
        .evaluate((field) => { field.value = 'forged'; });
    await rosa.logIn('rosa');
    is(await rosa.alert(), 'csrf', 'a form with a forged token is refused '
       + '(security 49)');
    await seen(rosa, 'login-out-of-date');
    await rosa.logIn('rosa');
    is(await rosa.where(), 'portal', 'and can be sent again at once');

    await rosa.go('/mfa/security');
    await rosa.page.locator('[name=csrf]')
        .evaluate((field) => { field.value = 'forged'; });
    await rosa.press('Log out');
    is(await rosa.alert(), 'csrf', 'so is logout (security 48)');
    await seen(rosa, 'error-csrf');

    await rosa.page.goto(world.stranger);
    await rosa.press('Win');
    is(await rosa.alert(), 'origin', 'a form of another site is refused '
       + '(security 50)');
    await seen(rosa, 'error-origin');
    await rosa.go('/');
    is(await rosa.where(), 'portal', 'none of it has ended the session');
    await rosa.leave();

    const guesser = await arrive();
    await guesser.go('/');

    for (let i = 0; i < 6; i++) {
        await guesser.logIn('rosa', `wrong password ${i}`);
    }

    is(await guesser.alert(), 'limited', 'guessing passwords comes to an end '
       + '(feature 100-07)');
    await seen(guesser, 'login-limited');
    await guesser.leave();
},

'without script': async () => {
    world.account('user', 'paula', ['--require-mfa']);
    const paula = await arrive({ javaScriptEnabled: false });

    await paula.go('/x');
    await paula.logIn('paula');
    await paula.follow('I have an app');
    await paula.scan();
    await paula.enter(paula.code(), 'Submit');
    is(await paula.where(), 'enrol-done', 'set-up works without script');
    await paula.follow('Security');
    await paula.press('Log out');
    await paula.logIn('paula');
    await paula.enter(paula.code());
    is(await paula.where(), 'portal', 'login with a code works without script');
    await paula.leave();
},

'with the keyboard alone': async () => {
    world.account('user', 'karl', ['--require-mfa']);
    const karl = await arrive();
    const { keyboard } = karl.page;
    const focused = () => karl.page.evaluate(
        () => document.activeElement.id || document.activeElement.innerText);
    const tabTo = async (name) => {
        for (let i = 0; i < 20 && await focused() !== name; i++) {
            await keyboard.press('Tab');
        }
    };
    const enterAnd = async () => {
        const gone = karl.page.waitForNavigation();
        await keyboard.press('Enter');
        await gone;
    };

    await karl.go('/');
    is(await focused(), 'login', 'the first field has the focus');
    await keyboard.type('karl');
    await keyboard.press('Tab');
    await keyboard.type(world.password);
    await enterAnd();
    is(await karl.where(), 'enrol-app', 'the password is sent by Enter');

    await tabTo('Next');
    const outline = await karl.page.evaluate(
        () => getComputedStyle(document.activeElement).outlineStyle);
    ok(outline !== 'none', 'the focus can be seen');
    await enterAnd();
    await karl.scan();
    await tabTo('code');
    await keyboard.type(karl.code());
    await enterAnd();
    is(await karl.where(), 'enrol-done', 'set-up works with the keyboard');

    await tabTo('Log out');
    await enterAnd();
    is(await karl.where(), 'login', 'so does logout');
    await keyboard.type('karl');
    await keyboard.press('Tab');
    await keyboard.type(world.password);
    await enterAnd();
    is(await focused(), 'code', 'the code field has the focus');
    await keyboard.type(karl.code());
    await enterAnd();
    is(await karl.where(), 'portal', 'and login with a code');
    await karl.leave();
},

'in other languages': async () => {
    for (const [locale, days] of [['de-DE', 'Noch 7 Tage'],
                                  ['fr-FR', 'Il reste 7 jours']]) {
        const login = `reader-${locale.slice(0, 2)}`;
        world.account('user', login, ['--require-mfa']);
        const person = await arrive({ locale });

        await person.go('/');
        is(await person.page.locator('html').getAttribute('lang'),
           locale.slice(0, 2), `the page speaks ${locale} (feature 100-14)`);
        await seen(person, `login-${locale}`);
        await person.page.locator('#login').fill(login);
        await person.page.locator('#password').fill(world.password);
        await person.page.locator('main button').click();
        ok((await person.text()).includes(days), 'and says how long: ' + days);
        await seen(person, `enrol-app-${locale}`);
        await person.go('/mfa/enrol/scan');
        await seen(person, `enrol-scan-${locale}`);
        await person.leave();
    }
},

};


for (const file of ['./console.js', './mail.js']) {
    Object.assign(journeys, require(file)({
        arrive, seen, is, ok, world: () => world,
    }));
}


Object.assign(journeys, require('./recovery.js')({
    arrive, seen, is, ok, world: () => world,
}));


async function main() {
    world = await World.start();
    browser = await chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic',
               '--no-first-run', '--disable-background-networking',
               '--disable-component-update', '--disable-sync'],
    });

    // JOURNEY=word makes those whose title has the word.
    const made = Object.entries(journeys).filter(
        ([name]) => name.includes(process.env.JOURNEY || ''));

    for (const [name, journey] of made) {
        console.log(`# ${name}`);

        try {
            await journey();
        } catch (error) {
            ok(false, `${name}: the journey ends where it should`, error.stack);
        }
    }

    ok(complaints.length === 0, 'no page has script or style that its policy '
       + 'refuses, and none loads anything', [...new Set(complaints)].join('\n'));

    await browser.close();

    const log = await world.end();
    ok(log.length === 0, 'the error log is clean', log.join('\n'));
    console.log(`1..${tests}`);
}


main().catch((error) => {
    console.log(`Bail out! ${error.message.split('\n')[0]}`);
    console.error(error);
    process.exit(1);
});
