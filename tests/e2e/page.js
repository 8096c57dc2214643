/* What a reader would see of a page, measured in a browser: each frame of this document is looked at once it is loaded, and what is wrong
   with it ends in the document's only element, a line each, before the line "measured N frames". See lib_browser.sh. */
'use strict';

const SLACK = 1.5; /* pixels: boxes of text are a little taller than their letters */
const LEAST_LETTERS = 7.5, LEAST_CONTRAST = 4.5; /* pixels; WCAG 2.1, level AA */

function look(frame, say) {
    const page = frame.contentWindow, document = page.document, root = document.documentElement;
    const style = element => page.getComputedStyle(element);
    const all = selector => [...document.body.querySelectorAll(selector)];
    const short = element => '<' + element.localName + '> "' + element.textContent.trim().slice(0, 40) + '"';
    const scrolls = element => ['auto', 'scroll'].includes(style(element).overflowX);
    const meets = (a, b) => ({left: Math.max(a.left, b.left), right: Math.min(a.right, b.right),
                              top: Math.max(a.top, b.top), bottom: Math.min(a.bottom, b.bottom)});

    /* The innermost box that an element scrolls in, or null. */
    function scroller(element) {
        for (let at = element.parentElement; at !== null && at !== document.body; at = at.parentElement)
            if (scrolls(at))
                return at;
        return null;
    }

    function boxes() {
        if (root.scrollWidth > page.innerWidth || document.body.scrollWidth > page.innerWidth)
            say('the page scrolls sideways: ' + root.scrollWidth + ' pixels');
        for (const element of all('*')) {
            const box = element.getBoundingClientRect(), hidden = style(element).overflowX;
            if (box.width === 0 || box.height === 0)
                continue;
            if (scroller(element) === null && (box.left < -0.5 || box.right > page.innerWidth + 0.5))
                say('reaches beyond the page: ' + short(element));
            if ((hidden === 'hidden' || hidden === 'clip') && element.localName !== 'svg' && !element.closest('svg') &&
                (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1))
                say('is cut off: ' + short(element));
        }
    }

    /* Texts with the boxes of their lines, as far as they are not scrolled away. */
    function texts() {
        const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const text = walker.currentNode, parent = text.parentElement, picture = parent.closest('svg text');
            if (text.data.trim() === '' || style(parent).visibility !== 'visible')
                continue;
            const range = document.createRange();
            range.selectNodeContents(text);
            for (let box of picture !== null ? [picture.getBoundingClientRect()] : range.getClientRects()) {
                for (let at = scroller(text); at !== null; at = scroller(at))
                    box = meets(box, at.getBoundingClientRect());
                if (box.right - box.left > SLACK && box.bottom - box.top > SLACK)
                    found.push({text, parent, picture, box, owner: picture ?? text});
            }
        }
        return found.sort((a, b) => a.box.top - b.box.top);
    }

    function overlaps(found) {
        for (let i = 0; i < found.length; i++)
            for (let k = i + 1; k < found.length && found[k].box.top < found[i].box.bottom - SLACK; k++) {
                const both = meets(found[i].box, found[k].box);
                if (found[i].owner !== found[k].owner && both.right - both.left > SLACK && both.bottom - both.top > SLACK)
                    say('overlap: ' + short(found[i].parent) + ' and ' + short(found[k].parent));
            }
    }

    function channels(colour) {
        const numbers = colour.match(/[\d.]+/g).map(Number);
        return {rgb: numbers.slice(0, 3), opaque: colour.startsWith('rgb') && (numbers.length < 4 || numbers[3] === 1)};
    }

    function light(colour) {
        const [r, g, b] = channels(colour).rgb.map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    }

    /* What is painted behind a text: in a picture the last filled shape under its middle. */
    function behind(item) {
        const middle = {x: (item.box.left + item.box.right) / 2, y: (item.box.top + item.box.bottom) / 2};
        let colour = null;
        if (item.picture !== null)
            for (const shape of item.picture.closest('svg').querySelectorAll('polygon, rect')) {
                const box = shape.getBoundingClientRect(), fill = style(shape);
                if (channels(fill.fill.startsWith('rgb') ? fill.fill : 'rgba(0,0,0,0)').opaque && fill.fillOpacity === '1' &&
                    box.left <= middle.x && middle.x <= box.right && box.top <= middle.y && middle.y <= box.bottom)
                    colour = fill.fill;
            }
        for (let at = item.parent; colour === null && at !== null; at = at.parentElement)
            if (channels(style(at).backgroundColor).opaque)
                colour = style(at).backgroundColor;
        return colour ?? 'rgb(255,255,255)';
    }

    function letters(found) {
        for (const item of found) {
            const size = Math.min(item.box.right - item.box.left, item.box.bottom - item.box.top);
            const scale = item.picture !== null ? item.picture.getScreenCTM() : null;
            const pixels = parseFloat(style(item.parent).fontSize) * (scale !== null ? Math.hypot(scale.a, scale.b) : 1);
            const front = item.picture !== null ? style(item.parent).fill : style(item.parent).color;
            const a = light(front), b = light(behind(item)), contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (size <= 0 || pixels < LEAST_LETTERS)
                say('letters of ' + pixels.toFixed(1) + ' pixels: ' + short(item.parent));
            if (!(contrast >= LEAST_CONTRAST))
                say('contrast of ' + contrast.toFixed(1) + ': ' + short(item.parent));
        }
    }

    /* Each picture has labels and shapes, all within its frame. */
    function pictures() {
        for (const picture of all('svg')) {
            const frame = picture.getBoundingClientRect(), name = 'picture "' + picture.getAttribute('aria-label') + '"';
            let shapes = 0;
            for (const part of picture.querySelectorAll('text, path, polygon, polyline, rect, circle, use')) {
                if (part.closest('defs') !== null)
                    continue;
                const box = part.getBoundingClientRect();
                if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
                    say(name + ': reaches beyond it: ' + short(part));
                shapes += part.localName !== 'text' && (box.width > 0 || box.height > 0) ? 1 : 0;
                if (part.localName === 'use' && document.getElementById(part.href.baseVal.slice(1)) === null)
                    say(name + ': uses nothing: ' + part.href.baseVal);
            }
            if (frame.width < 200 || frame.height < 60 || shapes < 3 || picture.querySelector('text') === null)
                say(name + ' is not drawn: ' + frame.width + ' x ' + frame.height + ', ' + shapes + ' shapes');
        }
        for (const figure of all('figure'))
            if (figure.querySelector('svg') === null || !(figure.querySelector('figcaption')?.textContent.trim()))
                say('has no picture or no caption: ' + short(figure));
    }

    function form() {
        const ids = all('[id]').map(element => element.id);
        for (const id of new Set(ids))
            if (ids.indexOf(id) !== ids.lastIndexOf(id))
                say('id given twice: ' + id);
        for (const part of all('section, h2, h3, li, dd, figure, table, p'))
            if (part.textContent.trim() === '')
                say('is empty: <' + part.localName + '>');
        for (const text of all('p, td, dd, figcaption, svg text'))
            if (/\b(nan|NaN|inf|undefined|null)\b|-0\.?0*$/.test(text.textContent) && text.closest('pre, code') === null)
                say('says "' + text.outerHTML.slice(0, 160) + '"');
    }

    if (page.innerWidth !== frame.clientWidth || page.matchMedia('(prefers-color-scheme: dark)').matches !== (frame.className === 'dark'))
        say('the frame is not shown as asked');
    for (const details of all('details'))
        details.open = true;
    frame.style.height = root.scrollHeight + 'px';
    const found = texts();
    if (found.length < 10)
        say('the page is empty');
    boxes();
    overlaps(found);
    letters(found);
    pictures();
    form();
}

window.addEventListener('load', () => {
    const lines = [], frames = [...document.querySelectorAll('iframe')];
    for (const frame of frames) {
        const say = problem => lines.push(frame.clientWidth + ' ' + frame.className + ': ' + problem);
        try {
            look(frame, say);
        } catch (error) {
            say('cannot be measured: ' + error.stack);
        }
    }
    lines.push('measured ' + frames.length + ' frames, ' + frames[0].contentDocument.querySelectorAll('svg').length + ' pictures');
    document.body.replaceChildren(document.createElement('pre'));
    document.body.firstChild.textContent = 'problems\n' + lines.join('\n') + '\n';
});
