// The console's journeys, for journey.js: an admin in front of a browser, with
// script and without.  Fails when a page of the console is one that a browser,
// a phone or a screen reader cannot use, where forms sent by hand still work.

'use strict';

module.exports = ({ arrive, seen, is, ok, world }) => {

const consolePath = '/mfa/console/';


async function admin(login, options = {}) {
    const person = await arrive({ portal: world().staff, ...options });

    await person.go(consolePath);
    await person.logIn(login);

    return person;
}


function field(portal, login, name) {
    return world().redis('HGET', `mfa:{${portal}}:account:${login}`, name)
        .trim();
}


// What is beside it for who does not see the row makes a word of its own.
const details = (login) => new RegExp(`^Details ?: ${login}$`);


async function menu(person, item) {
    await person.page.locator('header summary').click();
    await person.follow(item);
}


async function count(person) {
    await person.go(consolePath);
    return Number(await person.page.locator('[data-mfa-count]')
        .getAttribute('data-mfa-count'));
}


// What an admin does, with script in the browser or without.
async function walk(person, suffix, look) {
    const page = person.page;
    const user = `ulla${suffix}`, one = `one${suffix}`, two = `two${suffix}`;

    world().account('user', user, ['--name', 'Ulla Example', '--email',
                                   `${user}@example.com`]);
    world().account('staff', one, ['--role', 'manager']);
    world().account('staff', two, ['--role', 'help_desk']);

    await person.go(consolePath);
    is(await person.where(), 'console-home', `home${suffix}`);
    await look('console-home');

    await page.getByRole('navigation').getByRole('link', { name: 'Users: user' })
        .click();
    is(await person.where(), 'console-list', 'Users in the left panel list '
       + 'users (feature 000-03)');
    await look('console-users');
    await page.getByLabel('Search').fill(user);
    await person.press('Find');
    is(await page.locator('[data-mfa-login]').count(), 1, 'search finds one');
    await page.getByRole('link', { name: details(user) }).click();
    is(await person.where(), 'console-account', 'details (feature 000-04)');

    const days = page.getByLabel('Days to set it up');
    const box = page.getByLabel('Require Multi-Factor Authentication on Login '
                                + 'Portal');
    ok(!await days.isVisible(), 'the days are hidden (feature 000-07)');
    await look('console-account');
    await box.check();
    ok(await days.isVisible(), 'ticked, they can be chosen');
    await days.selectOption('3');
    await look('console-account-ticked');
    is(field('user', user, 'required'), '', 'nothing happens before Save '
       + '(feature 000-09)');
    await person.press('Save User');
    ok((await person.text()).includes('Saved.'), 'saved, and said so');
    is(field('user', user, 'required'), '1', 'required now');
    ok((await person.text()).includes('3 days left'), 'with three days');
    ok((await person.text()).includes('A mail to its owner is queued.'),
       'its owner is told (feature 002-03)');
    await look('console-account-mailed');
    await person.press('Resend Email');
    ok((await person.text()).includes('The mail is queued.'), 'and is told '
       + 'again when he has not seen it (feature 004-07)');
    await look('console-account-resent');

    await page.getByRole('navigation').getByRole('link', { name: 'Users: user' })
        .click();
    await page.getByLabel('Search').fill(user);
    await person.press('Find');
    await page.getByText('Actions', { exact: true }).click();
    await look('console-users-actions');
    await person.press('Resend Email: all on this page');
    ok((await person.text()).includes('Nothing has been sent yet.'),
       'a page asks before mails go to many');
    await look('console-bulk-resend');
    await person.press('Resend Email');
    is(await page.locator('[data-mfa-result=changed]').count(), 1,
       'and says to whom they do');
    await look('console-results-resend');
    await page.getByRole('link', { name: user }).click();

    await page.getByText('Extend the deadline').first().click();
    await page.getByLabel('From today').selectOption('30');
    await page.getByLabel('Reason').fill('on holiday');
    await look('console-account-extend');
    await person.press('Extend the deadline');
    ok((await person.text()).includes('30 days left'), 'extended to thirty');
    await page.getByText('Reset TOTP MFA').first().click();
    await person.press('Reset TOTP MFA');
    ok(/was reset|Nothing had to be/.test(await person.text()), 'reset');

    const before = await count(person);
    await page.locator('.tile').click();
    is(await person.where(), 'console-list', 'the tile leads to the list '
       + '(feature 003-12)');
    await page.getByLabel(`Select ${one}`).check();
    await page.getByLabel(`Select ${two}`).check();
    await page.getByText('Actions', { exact: true }).click();
    await look('console-admins-actions');
    await person.press('Require MFA: those selected');
    is(await person.where(), 'console-bulk', 'a page asks first '
       + '(feature 003-22)');
    await look('console-bulk');
    await person.follow('Cancel');
    is(await person.where(), 'console-list', 'Cancel leads back');
    is(field('staff', one, 'required') + field('staff', two, 'required'), '',
       'and leaves all as it was');
    is(await count(person), before, 'the tile counts the same');

    await page.locator('.tile').click();
    await page.getByLabel(`Select ${one}`).check();
    await page.getByLabel(`Select ${two}`).check();
    await page.getByText('Actions', { exact: true }).click();
    await person.press('Require MFA: those selected');
    await person.press('Require MFA');
    is(await page.locator('[data-mfa-result=changed]').count(), 2,
       'a result for each');
    await look('console-results');
    is(await count(person), before - 2, 'the tile counts two fewer');

    await page.getByRole('link', { name: 'Settings' }).click();
    await look('console-settings');
    await page.getByLabel('Admins Without MFA Required').uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    await person.go(consolePath);
    is(await page.locator('.tile').count(), 0, 'the tile is removed '
       + '(feature 003-24)');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('Admins Without MFA Required').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await person.go(consolePath);
    is(await page.locator('.tile').count(), 1, 'and restored');

    await menu(person, 'Administrators');
    is(new URL(page.url()).pathname, `${consolePath}admins`,
       'Administrators are behind the own address, upper right '
       + '(feature 000-12)');
    await look('console-admins');
    await page.getByRole('link', { name: details(one) }).click();
    ok(await page.getByLabel('Enable MultiFactor Authentication for Admin Login')
       .isChecked(), 'details of an admin (feature 003-07)');
    await look('console-admin');
}


return {

'console: an admin at work': async () => {
    world().account('staff', 'chief', ['--role', 'administrator_with_billing',
                                       '--email', 'chief@example.com']);
    const chief = await admin('chief');

    await walk(chief, '', (name) => seen(chief, name));

    await chief.go(`${consolePath}new?portal=user`);
    await chief.page.getByLabel('User name').fill('newcomer');
    await chief.page.getByLabel('E-mail address').fill('new@example.com');
    await chief.page.getByLabel('Initial password', { exact: true })
        .fill('a long password');
    await seen(chief, 'console-new');
    await chief.press('Create');
    ok((await chief.text()).includes('The account was created.'),
       'a user is made (feature 002-08)');
    await chief.follow('Delete the account');
    is(await chief.where(), 'console-confirm', 'deleting asks first');
    await seen(chief, 'console-confirm');
    await chief.press('Delete the account');
    ok((await chief.text()).includes('The account was deleted.'), 'then it is '
       + 'done');

    await chief.go(`${consolePath}new?portal=user`);
    await chief.page.getByLabel('User name').fill('invited');
    await chief.page.getByLabel('E-mail address').fill('invited@example.com');
    await chief.page.getByLabel('With an invitation by mail').check();
    ok(!await chief.page.getByLabel('Initial password', { exact: true })
       .isVisible(), 'who is invited is given no password');
    await seen(chief, 'console-new-invited');
    await chief.press('Create');
    ok((await chief.text()).includes('A mail to its owner is queued.'),
       'but a link to choose one (feature 002-08)');
    is(field('user', 'invited', 'password'), '', 'and has none until then');

    await chief.go(`${consolePath}user/ulla`);
    world().mfactl('mfa', 'extend', 'user', 'ulla', '--grace', '99d',
                   '--reason', 'meanwhile');
    await chief.press('Disable the account');
    is(await chief.where(), 'console-conflict', 'somebody else was first');
    await seen(chief, 'console-conflict');

    await chief.go(`${consolePath}settings`);
    await chief.page.getByLabel('What it is for').fill('nightly report');
    await chief.page.getByLabel('Role').selectOption('manager');
    await chief.press('Make a token');
    const [ token ] = /mfa_[A-Za-z0-9_-]{43}/.exec(await chief.text()) ?? [];
    ok(token, 'a token, once');
    await seen(chief, 'console-token');

    const made = await fetch(
        `${chief.portal}${consolePath}api/v1/portals/user/accounts/ulla/unrequire`,
        { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
    is(made.status, 200, 'it uses the API');
    await chief.go(`${consolePath}audit?portal=user`);
    ok(/chief, token nightly report \([A-Za-z0-9_-]{12}\)/
       .test(await chief.text()), 'and the audit names it');
    await seen(chief, 'console-audit');
    await chief.leave();

    world().account('staff', 'clerk', ['--role', 'billing_only']);
    const clerk = await admin('clerk');
    is(await clerk.alert(), 'right', 'who has no business here is told so');
    await seen(clerk, 'console-refused');
    await clerk.leave();
},

'console: without script': async () => {
    world().account('staff', 'plain', ['--role', 'administrator_with_billing']);
    const plain = await admin('plain', { javaScriptEnabled: false });

    await walk(plain, '-plain', async () => {});
    await plain.leave();
},

};

};
