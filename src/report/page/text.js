/*
 * Elements, and text that others wrote.
 *
 * Whatever stands in the document may come from a stranger's log. It becomes text nodes, never markup; what would act
 * on the reader instead of being seen (control characters, marks that turn the direction of a line, what has no
 * shape) is written as its number, and a name cannot turn what stands beside it.
 */

/* Controls, format characters, halves of pairs, separators of lines, private and unassigned ones. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0]/u;
const LONGEST = 96; /* characters of a name in a row; its own lines have all of it */

function number_of(char) {
    return char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
}

/* A text as one that can be seen, for titles and labels, where there is no markup. */
export function seen(text) {
    return Array.from(text, (char) => (UNSEEN.test(char) ? `\u27E8${number_of(char)}\u27E9` : char)).join("");
}

export function shortened(text, most = LONGEST) {
    const chars = Array.from(text.slice(0, 2 * most + 2));

    return chars.length > most ? chars.slice(0, most).join("") + "\u2026" : text;
}

/*
 * el("p.note", { lang: "en" }, "text", other): an element with its classes, attributes and children. A property that is
 * a function listens to the event of that name; false and undefined are left out.
 */
export function el(what, properties = {}, ...children) {
    const [tag, ...classes] = what.split(".");
    const element = document.createElement(tag);

    element.classList.add(...classes);
    set(element, properties);
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
}

export function svg(tag, properties = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);

    set(element, properties);
    element.append(...children);
    return element;
}

function set(element, properties) {
    for (const [name, value] of Object.entries(properties)) {
        if (typeof value === "function")
            element.addEventListener(name, value);
        else if (value !== false && value !== undefined)
            element.setAttribute(name, value === true ? "" : value);
    }
}

/* A name as it is shown. An empty one is said to be so: what stands for it is not one that somebody could have. */
export function name_of(text, { most = LONGEST, empty = "(empty)" } = {}) {
    const bdi = el("bdi.name");
    let run = "";

    if (text === "")
        return el("span.muted", {}, empty);
    for (const char of shortened(text, most)) {
        if (!UNSEEN.test(char)) {
            run += char;
            continue;
        }
        bdi.append(run, el("span.unseen", {}, number_of(char)));
        run = "";
    }
    bdi.append(run);
    return bdi;
}
