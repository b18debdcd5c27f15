// in-page: what is asked of a page, in the page. Each function is sent there as text: it may use
// nothing but its argument and the browser's own.

/** What is wider than the window: its element and right edge. */
export function overflowing() {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll('main *')]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => `${element.tagName} ${element.textContent.trim().slice(0, 40)}`);
}

/** Numbers of the charts that are shown, in the order of the page. */
export function shownCharts() {
  return [...document.querySelectorAll('svg.chart')].flatMap((svg, i) =>
    svg.getBoundingClientRect().width > 0 ? [i] : [],
  );
}

/** Texts of a chart that are cut by its edge, or lie on one another. */
export function badTexts(index) {
  // Boxes of glyphs have some air around them.
  const air = 1.5;
  const svg = document.querySelectorAll('svg.chart')[index];
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')]
    .filter((text) => text.textContent !== '' && getComputedStyle(text).opacity !== '0')
    .map((text) => ({ words: text.textContent, box: text.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 0);
  const cut = texts
    .filter(
      ({ box }) =>
        box.left < frame.left - air ||
        box.right > frame.right + air ||
        box.top < frame.top - air ||
        box.bottom > frame.bottom + air,
    )
    .map(({ words }) => `cut: ${words}`);
  const meeting = texts.flatMap(({ words, box }, i) =>
    texts
      .slice(i + 1)
      .filter(
        (other) =>
          Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left) > air &&
          Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top) > air * 2,
      )
      .map((other) => `meet: ${words} | ${other.words}`),
  );
  return [...cut, ...meeting];
}

/** Of a picture, a PNG in base64: which share differs from its first pixel, which has a colour. */
export async function inkOf(png) {
  const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, picture.width, picture.height);
  let ink = 0;
  let colour = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [red, green, blue] = data.subarray(i, i + 3);
    const far = Math.abs(red - data[0]) + Math.abs(green - data[1]) + Math.abs(blue - data[2]) > 24;
    if (far) ink++;
    if (far && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) colour++;
  }
  const pixels = data.length / 4;
  return { ink: ink / pixels, colour: colour / pixels };
}
