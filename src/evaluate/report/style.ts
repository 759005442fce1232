// How the report looks, light and dark.

export const STYLE = `
:root { color-scheme: light dark; --paper: #faf9f7; --card: #fff; --ink: #1d1c1a; --soft: #6b6862; --line: #e2dfd9; --gain: #1a7f4b; --loss: #b3362b; --even: #c9c5bd; --accent: #3a5bd9;
  --m0: #3a5bd9; --m1: #c2571a; --m2: #1d8a6b; --m3: #9a3aa8; --m4: #8a7a12; --m5: #c23563; --m6: #3b7d9e; --m7: #6b6862; }
@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) { --paper: #16161a; --card: #1f1f25; --ink: #ecebe8; --soft: #a09d98; --line: #34343d; --gain: #5fce94; --loss: #f08a7f; --even: #55545c; --accent: #8ea6ff;
  --m0: #8ea6ff; --m1: #f0a06a; --m2: #62cfae; --m3: #d58be2; --m4: #d6c65c; --m5: #f287ab; --m6: #86c3e2; --m7: #a09d98; } }
:root[data-theme=dark] { color-scheme: dark; --paper: #16161a; --card: #1f1f25; --ink: #ecebe8; --soft: #a09d98; --line: #34343d; --gain: #5fce94; --loss: #f08a7f; --even: #55545c; --accent: #8ea6ff;
  --m0: #8ea6ff; --m1: #f0a06a; --m2: #62cfae; --m3: #d58be2; --m4: #d6c65c; --m5: #f287ab; --m6: #86c3e2; --m7: #a09d98; }
:root[data-theme=light] { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 32px 24px 96px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -.01em; }
h2 { font-size: 20px; margin: 48px 0 6px; }
h3 { font-size: 16px; margin: 0; font-weight: 600; }
p { margin: 0 0 12px; max-width: 75ch; }
.note, .meta, .seed { color: var(--soft); font-size: 13px; }
code { font: 12.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
header { display: flex; gap: 16px; justify-content: space-between; align-items: start; }
button, select, input { font: inherit; font-size: 14px; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 5px 10px; }
button { cursor: pointer; white-space: nowrap; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.facts { display: flex; flex-wrap: wrap; gap: 8px 36px; margin: 20px 0 16px; padding: 0; list-style: none; }
.facts b { display: block; font-size: 24px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.facts span { color: var(--soft); font-size: 13px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 8px 14px; border-top: 1px solid var(--line); vertical-align: middle; white-space: nowrap; }
thead tr > * { border-top: 0; }
thead th { font-size: 13px; color: var(--soft); font-weight: 600; }
tbody th { font-weight: 500; }
td small, th small { display: block; color: var(--soft); font-size: 12px; font-weight: 400; }
td.best b::after { content: ""; display: inline-block; width: 6px; height: 6px; border-radius: 50%; background: var(--gain); margin-left: 6px; vertical-align: middle; }
td b { font-weight: 600; }
th[title], dt[title], .badges span[title] { cursor: help; }
.key { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 7px; background: currentColor; }
.m0 { color: var(--m0); } .m1 { color: var(--m1); } .m2 { color: var(--m2); } .m3 { color: var(--m3); } .m4 { color: var(--m4); } .m5 { color: var(--m5); } .m6 { color: var(--m6); } .m7 { color: var(--m7); }
.plot { display: block; } .plot g { fill: currentColor; stroke: currentColor; stroke-width: 2; } .plot .axis, .plot .zero { stroke: var(--line); stroke-width: 1; } .plot .zero { stroke: var(--soft); stroke-dasharray: 2 2; }
.better { color: var(--gain); } .worse { color: var(--loss); } .undecided { color: var(--soft); }
.shares { display: inline-flex; width: 130px; height: 10px; border-radius: 5px; overflow: hidden; vertical-align: middle; background: var(--even); }
.shares .gain { background: var(--gain); } .shares .loss { background: var(--loss); }
.bar { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; padding: 10px 0; background: var(--paper); border-bottom: 1px solid var(--line); margin: 12px 0 16px; font-size: 14px; }
.bar label { color: var(--soft); display: inline-flex; gap: 6px; align-items: center; } .bar input { width: 170px; } .bar output { margin-left: auto; color: var(--soft); }
article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin: 0 0 14px; content-visibility: auto; contain-intrinsic-size: auto 420px; }
article[hidden] { display: none; }
.meta { margin: 2px 0 12px; display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.tag { border: 1px solid var(--line); border-radius: 20px; padding: 0 8px; font-size: 12px; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 16px; }
figure { margin: 0; min-width: 0; }
figure img, .failed { width: 100%; max-width: 256px; border-radius: 6px; display: block; background: var(--line); }
figure img { cursor: zoom-in; }
.failed { aspect-ratio: 1; padding: 16px; display: flex; flex-direction: column; justify-content: center; gap: 6px; color: var(--loss); border: 1px dashed var(--loss); background: none; font-size: 13px; overflow: hidden; }
figcaption { font-size: 13px; margin-top: 8px; overflow-wrap: anywhere; }
.badges { display: flex; flex-wrap: wrap; gap: 2px 10px; margin: 4px 0; font-size: 12.5px; } .yes { color: var(--gain); } .no { color: var(--loss); }
dl { display: grid; grid-template-columns: 1fr auto; gap: 0 10px; margin: 4px 0 0; font-size: 12.5px; max-width: 256px; } dt { color: var(--soft); } dd { margin: 0; font-variant-numeric: tabular-nums; }
dialog { border: 0; padding: 0; background: none; max-width: 96vw; max-height: 96vh; } dialog::backdrop { background: #000c; } dialog img { display: block; width: min(92vw, 92vh); image-rendering: auto; border-radius: 8px; }
@media (max-width: 640px) { main { padding: 20px 14px 64px; } .bar { position: static; } .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px; } }
@media print { .bar, button { display: none; } article { break-inside: avoid; content-visibility: visible; } }
`;
