// What moves in the report: the theme, the order of the cases, which of them are shown, and a larger view.
// It runs in the reader's browser, so it is text here; the page reads well without it.

export const SCRIPT = `
const data = JSON.parse(document.getElementById('data').textContent);
const list = document.getElementById('cases');
const by = (id) => document.getElementById(id);
const articles = new Map([...list.children].map((article) => [article.dataset.id, article]));
const better = (name) => data.measures.find((measure) => measure.name === name).better;
// Score of a case: of a method, the mean of all, or a later method less an earlier one.
function score(one, name, whose) {
  const of = one.scores[name] || [];
  if (whose === 'mean') {
    const known = of.filter((value) => value !== null);
    return known.length ? known.reduce((a, b) => a + b) / known.length : null;
  }
  const [a, b] = whose.split('-').map(Number);
  if (b === undefined) return of[a] ?? null;
  return of[a] == null || of[b] == null ? null : of[a] - of[b];
}
function arrange() {
  const [name, whose, order, tag] = ['measure', 'whose', 'order', 'tag'].map((id) => by(id).value);
  const words = by('search').value.toLowerCase();
  const scored = data.cases.map((one, i) => ({ one, i, value: name ? score(one, name, whose) : null }));
  if (name) {
    const sign = (better(name) === 'higher') === (order === 'best') ? -1 : 1;
    scored.sort((a, b) => (a.value === null) - (b.value === null) || sign * (a.value - b.value) || a.i - b.i);
  }
  let shown = 0;
  for (const { one } of scored) {
    const article = articles.get(one.id);
    const fits = (!tag || one.tags.includes(tag)) && (!words || (one.id + ' ' + one.prompt).toLowerCase().includes(words));
    article.hidden = !fits;
    if (fits) shown++;
    list.append(article);
  }
  by('count').textContent = shown + ' of ' + data.cases.length + ' cases';
}
for (const id of ['measure', 'whose', 'order', 'tag']) by(id).addEventListener('change', arrange);
by('search').addEventListener('input', arrange);
by('theme').addEventListener('click', () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
});
const dialog = document.querySelector('dialog');
list.addEventListener('click', ({ target }) => {
  if (target.tagName !== 'IMG') return;
  dialog.firstElementChild.src = target.src;
  dialog.firstElementChild.alt = target.alt;
  dialog.showModal();
});
dialog.addEventListener('click', () => dialog.close());
arrange();
`;
