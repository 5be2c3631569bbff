#include "service/server/status_assets.h"

namespace balance {

// The first line of colours is for light screens, the second for dark ones.
const std::string_view kStatusStyle = R"css(
:root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--faint:#57606a;--line:#d0d7de;--panel:#f6f8fa;--good:#1a7f37;--warn:#8a5a00;--bad:#c01c28;--link:#0757b8;--c0:#0757b8;--c1:#a8410b;--c2:#6639ba;--c3:#1a7f37}
@media(prefers-color-scheme:dark){:root{--back:#0d1117;--text:#e6edf3;--faint:#9aa4af;--line:#30363d;--panel:#161b22;--good:#4fc366;--warn:#e0a63a;--bad:#ff7b72;--link:#6cb2ff;--c0:#6cb2ff;--c1:#ffa657;--c2:#c8a2ff;--c3:#4fc366}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:90rem;background:var(--back);color:var(--text);font:15px/1.45 system-ui,sans-serif}
a{color:var(--link)}
h1{font-size:1.3rem;margin:0}
h2{font-size:1.05rem;margin:1.6rem 0 .5rem}
header{display:flex;flex-wrap:wrap;gap:.4rem 1.2rem;align-items:baseline}
form{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:1rem 0 0}
input,button{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--line);border-radius:4px;padding:.25rem .5rem}
table{border-collapse:collapse;width:100%}
caption{text-align:left;color:var(--faint);padding:.2rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;color:var(--faint);white-space:nowrap}
td.number{font-variant-numeric:tabular-nums}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.faint{color:var(--faint)}
.word{font-weight:600;overflow-wrap:normal}
meter{width:6rem;height:.7rem;vertical-align:middle;margin-right:.4rem}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:0 2rem}
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.15rem 1rem;margin:0}
dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}
figure{margin:0}figcaption{font-weight:600}
svg.plot{width:100%;height:auto;display:block}
svg text{fill:var(--faint);font-size:11px}
svg .end{text-anchor:end}svg .middle{text-anchor:middle}
svg .grid{stroke:var(--line);fill:none}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .dashed{stroke-dasharray:4 3}
svg .c0{stroke:var(--c0)}svg .c1{stroke:var(--c1)}svg .c2{stroke:var(--c2)}svg .c3{stroke:var(--c3)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1.2rem;margin:.2rem 0 0;padding:0}
svg.key{width:24px;height:8px;margin-right:.4rem;vertical-align:middle}
nav{display:flex;flex-wrap:wrap;gap:1rem;margin:.6rem 0}
@media(max-width:60rem){
table.cards,table.cards tbody,table.cards tr,table.cards td{display:block}
table.cards thead{display:none}
table.cards caption{display:block}
table.cards tr{border:1px solid var(--line);border-radius:6px;padding:.4rem .7rem;margin-bottom:.6rem}
table.cards td{border:0;padding:.1rem 0;display:grid;grid-template-columns:7.5rem 1fr}
table.cards td::before{content:attr(data-label);color:var(--faint)}
}
)css";

// Puts a newer <main> in the place of the one that is shown, every two seconds, unless nobody looks
// or somebody has marked text in it. What was opened stays open.
const std::string_view kStatusScript = R"js(
(function () {
  'use strict';
  const period = 2000;
  const live = document.getElementById('live');
  function say(text, kind) {
    live.textContent = text;
    live.className = kind;
  }
  function isInUse() {
    const selection = document.getSelection();
    const main = document.querySelector('main');
    return document.hidden || (selection && !selection.isCollapsed && main.contains(selection.anchorNode));
  }
  async function renew() {
    if (isInUse()) return;
    const answer = await fetch(location.href, {
      headers: {Accept: 'text/html'}, cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(10000)});
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.querySelector('main');
    const shown = document.querySelector('main');
    const focused = document.activeElement && shown.contains(document.activeElement) ? document.activeElement.id : '';
    for (const open of shown.querySelectorAll('details[open]')) {
      const same = page.getElementById(open.id);
      if (same) same.open = true;
    }
    shown.replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    if (focused) document.getElementById(focused)?.focus({preventScroll: true});
    say('renewed every 2 s', 'faint');
  }
  function again() {
    renew().catch(function () {
      say('no answer; what is shown is of ' + document.querySelector('main').dataset.time, 'bad');
    }).finally(function () {
      setTimeout(again, period);
    });
  }
  say('renewed every 2 s', 'faint');
  setTimeout(again, period);
})();
)js";

}  // namespace balance
