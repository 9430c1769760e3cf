// Looks at a page as people do who see it in light, in dark and on a phone, and
// at how it speaks to those who do not see it: a screenshot of each to the
// build's screenshots folder, axe-core in both schemes, and whether the page is
// wider than the phone.  Returns what is wrong.
//
// axe-core is evaluated through the debugging protocol, which the content
// security policy of the page does not concern: the policy stays in force, and
// what it refuses is seen on the console (watch).

'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { build } = require('./world.js');

const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const folder = path.join(build, 'screenshots');
const desk = { width: 1280, height: 800 };
const phone = { width: 375, height: 740 };

fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });

let number = 0;


async function check(page, scheme, rules) {
    await page.evaluate(axe);

    const { violations } = await page.evaluate(
        (options) => globalThis.axe.run(options), rules);

    return violations.map((violation) => `${scheme}: ${violation.id}: `
        + violation.nodes.map((node) => node.target.join(' ')).join(', '));
}


// rules: what axe-core is to look for, all that it knows unless told otherwise.
async function look(page, name, rules = {}) {
    const faults = [];
    const file = path.join(folder, `${String(++number).padStart(2, '0')}-${name}`);

    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(desk);
        await page.screenshot({ path: `${file}.${colorScheme}.png`,
                                fullPage: true });
        faults.push(...await check(page, colorScheme, rules));
    }

    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(phone);
    await page.screenshot({ path: `${file}.phone.png`, fullPage: true });

    const width = await page.evaluate(() => document.documentElement.scrollWidth);

    if (width > phone.width) {
        faults.push(`${width} pixels wide on a phone of ${phone.width}`);
    }

    await page.setViewportSize(desk);

    return faults;
}


// Collects what a browser complains of and what it loads beside documents.
function watch(context, complaints) {
    context.on('console', (message) => {
        // Its picture for a site Chromium asks for by itself, now and then.
        if (/Content Security Policy|Refused to|was blocked/i
            .test(message.text())
            && !/'http:[^']*\/favicon\.ico'/.test(message.text()))
        {
            complaints.push(`console: ${message.text()}`);
        }
    });

    context.on('weberror', (error) => {
        complaints.push(`error: ${error.error().message}`);
    });

    context.on('request', (request) => {
        if (request.resourceType() !== 'document') {
            complaints.push(`loads ${request.url()}`);
        }
    });
}


module.exports = { look, watch };
