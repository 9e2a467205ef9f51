// SPDX-License-Identifier: Apache-2.0
// Of scripts/publish-check: each page in Chromium, in each of the ways in which people look at it.
const fs = require('fs');
const path = require('path');
const puppeteer = require('puppeteer-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [site, ...pages] = process.argv.slice(2);
const views = [
    { name: 'light', width: 1200, height: 900, scheme: 'light', media: 'screen' },
    { name: 'dark', width: 1200, height: 900, scheme: 'dark', media: 'screen' },
    { name: 'phone', width: 375, height: 780, scheme: 'light', media: 'screen' },
    { name: 'phone-dark', width: 375, height: 780, scheme: 'dark', media: 'screen' },
    { name: 'print', width: 800, height: 1100, scheme: 'light', media: 'print' },
];
let problems = 0;

function problem(page, view, text) {
    problems++;
    console.log(`${page} (${view.name}): ${text}`);
}

async function look(browser, page, view) {
    const tab = await browser.newPage();
    const url = 'file://' + path.join(site, page);

    await tab.setViewport({ width: view.width, height: view.height });
    await tab.emulateMediaType(view.media);
    await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: view.scheme }]);
    tab.on('request', (request) => request.url() !== url && problem(page, view, `asks for ${request.url()}`));
    tab.on('console', (message) => message.type() === 'error' && problem(page, view, message.text()));
    await tab.goto(url, { waitUntil: 'load' });
    const state = await tab.evaluate(() => ({
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        styled: getComputedStyle(document.body).marginTop === '0px',
        scripts: document.scripts.length,
    }));
    if (state.wide > 0 && view.media === 'screen') problem(page, view, `the page is ${state.wide} px too wide`);
    if (!state.styled) problem(page, view, 'its stylesheet is not applied');
    if (state.scripts) problem(page, view, 'it has a script');
    if (process.env.SHOTS)
        await tab.screenshot({ path: path.join(process.env.SHOTS, `${page.replace(/\W+/g, '-')}-${view.name}.png`), fullPage: true });
    const found = await tab.evaluate(`(async () => { ${axe}; return await axe.run(document, { resultTypes: ['violations'] }); })()`);
    for (const violation of found.violations)
        problem(page, view, `axe ${violation.id} (${violation.impact}): ${violation.help}: ${violation.nodes[0].html.slice(0, 160)}`);
    await tab.close();
}

(async () => {
    const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });

    for (const page of pages) for (const view of views) await look(browser, page, view);
    await browser.close();
    console.log(problems ? `axe: ${problems} problems` : `axe: ${pages.length} pages in ${views.length} views, nothing found`);
    process.exit(problems ? 1 : 0);
})();
