/**
 * How our bar on the Control UI's page looks. It lives in a shadow root: the page's styles do not reach it, it follows the
 * page's light or dark by the inherited colour scheme, and as a constructed style sheet it needs no room in any policy.
 */
import { colours } from './document.ts';

export const tabStyles = `
:host{all:initial;color-scheme:inherit;${colours};font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--text)}
*{box-sizing:border-box}
[hidden]{display:none!important}
.place{position:fixed;z-index:2147483000;inset-block-start:max(.5rem,env(safe-area-inset-top));inset-inline:.5rem;display:flex;justify-content:center;pointer-events:none}
.place.cover{inset:0;align-items:center;padding:1rem;background:var(--bg);pointer-events:auto}
.card{pointer-events:auto;width:max-content;max-width:min(30rem,100%);max-height:80vh;overflow:auto;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.6rem .9rem;box-shadow:0 6px 24px rgb(0 0 0/.16)}
.cover .card{width:100%;padding:1.5rem;box-shadow:none;border-radius:14px}
.row{display:flex;flex-wrap:wrap;gap:.35rem .9rem;align-items:center;justify-content:space-between}
.head{margin:0;font-weight:600;overflow-wrap:anywhere}
.cover .head{font-size:1.3rem;line-height:1.3}
p{margin:.15rem 0}
.dim{color:var(--dim)}
.bad{color:var(--bad)}
.num{font-variant-numeric:tabular-nums}
ol{list-style:none;margin:.5rem 0 0;padding:0;border-top:1px solid var(--line)}
li{display:grid;grid-template-columns:1.25rem 1fr auto;gap:.6rem;align-items:center;padding:.3rem 0}
.cover li{padding:.5rem 0;border-bottom:1px solid var(--line)}
li span:last-child{font-variant-numeric:tabular-nums;color:var(--dim)}
.mark{inline-size:.75rem;block-size:.75rem;border-radius:50%;border:2px solid var(--edge);justify-self:center}
.mark.done{background:var(--accent);border-color:var(--accent)}
.mark.failed{background:var(--bad);border-color:var(--bad)}
.mark.running{border-color:var(--accent);border-inline-end-color:transparent;animation:turn 1s linear infinite}
@keyframes turn{to{transform:rotate(1turn)}}
@media (prefers-reduced-motion:reduce){.mark.running{animation:none;border-inline-end-color:var(--accent)}}
button,a.button{font:inherit;font-weight:600;min-height:44px;padding:.45rem 1rem;border-radius:10px;border:1px solid var(--accent);background:var(--accent);color:var(--on-accent);text-decoration:none;cursor:pointer;display:inline-flex;align-items:center}
button[disabled]{opacity:.6;cursor:default}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
`.trim();
