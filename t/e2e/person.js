// Somebody in front of a browser, with a phone in the hand.
//
//   const person = await Person.arrive(browser, world, complaints, options);
//   await person.logIn('anna');            password only; lands wherever
//   const key = await person.scan();       the QR code, read as a phone reads it
//   await person.enter(person.code());     types a code and sends it
//   person.pair();                         two codes that follow each other
//   await person.where()                   data-mfa-page, or "portal"
//   await person.alert()                   data-mfa-error, or ""
//
// The phone gives the code of now, then the one after it, which the window lets
// in, too: two codes of one key without waiting for the clock.

'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { watch } = require('./look.js');


class Person {
    static async arrive(browser, world, complaints, options = {}) {
        const person = new Person();
        const { portal, ...context } = options;

        person.world = world;
        person.portal = portal || world.user;
        person.context = await browser.newContext({ locale: 'en-GB', ...context });
        watch(person.context, complaints);
        person.page = await person.context.newPage();

        return person;
    }

    async go(where) {
        return this.page.goto(this.portal + where);
    }

    async leave() {
        await this.context.close();
    }

    async where() {
        const body = this.page.locator('body');

        return await body.getAttribute('data-mfa-page')
               ?? (await this.page.title() === 'Portal' ? 'portal' : 'elsewhere');
    }

    async alert() {
        const alert = this.page.locator('[role=alert]');

        return await alert.count() ? alert.getAttribute('data-mfa-error') : '';
    }

    text() {
        return this.page.locator('body').innerText();
    }

    press(name) {
        return this.page.getByRole('button', { name, exact: true }).click();
    }

    follow(name) {
        return this.page.getByRole('link', { name, exact: true }).click();
    }

    async logIn(login, password = this.world.password) {
        await this.page.getByLabel('User name').fill(login);
        await this.page.getByLabel('Password', { exact: true }).fill(password);
        await this.press('Log in');
    }

    // What the camera sees is a picture of the page, nothing of its source.
    async scan() {
        const file = path.join(this.world.dir, 'qr.png');

        await this.page.locator('svg').screenshot({ path: file });

        const uri = execFileSync('zbarimg', ['-q', '--nodbus', '--raw', file],
                                 { encoding: 'utf8' }).trim();
        fs.unlinkSync(file);

        this.uri = new URL(uri);
        this.key = this.uri.searchParams.get('secret');
        this.given = 0;

        return this.key;
    }

    shown(seconds) {
        return execFileSync('oathtool', ['--totp', '-b', '-N',
            `now + ${seconds} seconds`, '-'],
            { input: this.key, encoding: 'utf8' }).trim();
    }

    code() {
        return this.last = this.shown(30 * this.given++);
    }

    // Two that follow each other, however long ago the last one was.
    pair() {
        return [this.shown(0), this.shown(30)];
    }

    async enter(code, button = 'Continue') {
        await this.page.locator('#code').fill(code);
        await this.press(button);
    }
}


module.exports = { Person };
