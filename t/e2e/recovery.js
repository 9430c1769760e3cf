// Recovery codes and replacing the authenticator, for journey.js: what a person
// sees, prints and copies.  Fails when a lost phone leaves somebody out who has
// printed the codes, where forms sent by hand still work.

'use strict';

module.exports = ({ arrive, seen, is, ok, world }) => {

const shown = (person) => person.page.locator('[data-mfa-recovery]');


async function codes(person) {
    return (await shown(person).innerText()).trim().split(/\s+/);
}


async function walk(options, suffix) {
    const login = `ruth${suffix}`;

    // Looked at once: axe-core cannot run where scripts are off.
    const look = suffix ? async () => {} : seen;

    world().account('user', login);

    const ruth = await arrive(options);
    await ruth.go('/mfa/login');
    await ruth.logIn(login);
    await ruth.go('/mfa/enrol/scan');
    await ruth.scan();
    await ruth.enter(ruth.code(), 'Submit');
    is(await ruth.where(), 'enrol-done', 'the set-up is done');

    const first = await codes(ruth);
    is(first.length, 10, 'ten recovery codes are shown (feature 100-03)');
    await look(ruth, 'enrol-done-codes');

    await ruth.page.emulateMedia({ media: 'print' });
    ok(await shown(ruth).isVisible(), 'they are printed');
    ok(!(await ruth.page.getByRole('link', { name: 'Continue' }).isVisible()),
       'and nothing to be pressed');
    ok(await ruth.page.getByText(`Example: ${login}`).isVisible(),
       'but what they are for');
    await ruth.page.emulateMedia({ media: 'screen' });

    await shown(ruth).click();

    if (options.javaScriptEnabled !== false) {
        is((await ruth.page.evaluate(() => String(getSelection()))).trim(),
           first.join('\n'), 'one click selects all');
    }

    await ruth.page.reload();
    is(await shown(ruth).count(), 0, 'a reload shows them no more');
    await look(ruth, 'enrol-done-reloaded');

    await ruth.go('/mfa/security');
    await look(ruth, 'security-recovery');
    await ruth.press('Make new recovery codes');
    is(await ruth.where(), 'recovery', 'new ones are on a page of their own');
    const second = await codes(ruth);
    is(second.length, 10, 'ten again');
    ok(!second.includes(first[0]), 'other ones');
    await look(ruth, 'recovery');
    await ruth.follow('Back to the security page');
    await ruth.press('Log out');

    // The phone is lost.
    await ruth.logIn(login);
    await ruth.page.getByText('Code not accepted').click();
    await ruth.follow('Use a recovery code');
    is(await ruth.where(), 'code', 'the code page, with letters');
    await look(ruth, 'code-recovery');
    await ruth.enter(first[0]);
    is(await ruth.alert(), 'code', 'one that is void is refused');
    await look(ruth, 'code-recovery-refused');
    await ruth.enter(second[0].toLowerCase().replace(/-/g, ' '));
    is(await ruth.where(), 'portal', 'a good one lets in');

    await ruth.go('/mfa/security');
    ok((await ruth.text()).includes('9 left'), 'nine are left');
    const before = ruth.key;
    await ruth.press('Replace the authenticator');
    is(await ruth.where(), 'enrol-scan', 'another authenticator is set up');
    await ruth.scan();
    ok(ruth.key !== before, 'with another key');
    await look(ruth, 'enrol-scan-replace');
    await ruth.enter(ruth.code(), 'Submit');
    ok((await ruth.text()).includes('The replacement was successful'),
       'the page says that it was replaced (feature 003-33)');
    is((await codes(ruth)).length, 10, 'and shows its recovery codes');
    await look(ruth, 'enrol-done-replaced');
    await ruth.follow('Continue');
    is(await ruth.where(), 'portal', 'and on it goes');
    await ruth.leave();
}


return {

'recovery codes, then another authenticator': () => walk({}, ''),

'recovery codes: without script': () =>
    walk({ javaScriptEnabled: false }, '-plain'),

};

};
