// What is wrong with a page as it stands in the browser: a list of sentences. What is wider than its frame
// is scrolled in it; everything else must fit.
() => {
    const width = document.documentElement.clientWidth, faults = [];
    const say = (fault, element) => faults.push(`${fault}: ${element.outerHTML.slice(0, 120)}`);
    if (document.documentElement.scrollWidth > width) faults.push("page wider than the window");

    const framed = new Set(document.querySelectorAll(".scroll *, nav *, svg *, script, .skip, .hidden, #nhanh h2"));
    for (const element of document.querySelectorAll("body *")) {
        if (framed.has(element)) continue;
        const box = element.getBoundingClientRect();
        if (!box.width) continue;
        if (box.right > width + 1 || box.left < -1) say("outside the window", element);
        if (element.scrollWidth > element.clientWidth + 1) {
            const cuts = ["hidden", "clip"].includes(getComputedStyle(element).overflowX);
            if (cuts) say("cut", element);
        }
    }
    for (const cell of document.querySelectorAll("td, th"))
        if (cell.scrollWidth > cell.clientWidth + 2) say("wider than its cell", cell);

    for (const text of document.querySelectorAll(".chart text")) {
        const box = text.getBoundingClientRect(), frame = text.closest("svg").getBoundingClientRect();
        const cut = box.left < frame.left - 1 || box.right > frame.right + 1
            || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
        if (cut) say("cut at the edge of its chart", text);
    }

    for (const svg of document.querySelectorAll(".chart svg")) {
        const box = svg.getBoundingClientRect(), place = svg.closest(".chart").getBoundingClientRect();
        if (box.right > place.right + 1 || box.bottom > place.bottom + 1) say("chart beyond its place", svg);
    }

    const apart = [...document.querySelectorAll("main > *, .block, .tiles > li, .chart")]
        .map((element) => [element, element.getBoundingClientRect()]).filter(([, box]) => box.height && box.width);
    apart.forEach(([one, a], at) => apart.slice(at + 1).forEach(([other, b]) => {
        if (one.contains(other) || other.contains(one)) return;
        const beside = a.left < b.right - 1 && b.left < a.right - 1;
        if (beside && a.top < b.bottom - 1 && b.top < a.bottom - 1) say("over one another", other);
    }));
    return faults;
}
