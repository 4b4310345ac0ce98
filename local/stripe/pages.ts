// The pages a person meets at the stand-in: paying for a checkout, an invoice, the portal, and the test clock. Plain
// forms, no scripts. They say on top that no money moves.

import type Stripe from 'stripe';
import { GOOD_CARD, PAYS_ONCE } from './cards.ts';
import type { Store } from './store.ts';

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const usd = (cents: number): string => `$${(cents / 100).toFixed(2)}`;

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:2rem 1.25rem}
h1{font-size:1.4rem}form{margin:1.25rem 0;display:grid;gap:.75rem}label{display:grid;gap:.25rem}input,button{font:inherit;min-height:44px;padding:.4rem .7rem;border-radius:8px;border:1px solid}
button{cursor:pointer;font-weight:600}table{width:100%;border-collapse:collapse}td{padding:.3rem 0;border-bottom:1px solid #8884}td:last-child{text-align:right}
.note{border:1px solid;border-radius:8px;padding:.6rem .9rem}`;

function page(title: string, body: string, status = 200): Response {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>${escape(title)} · payment stand-in</title><style>${STYLE}</style></head>
<body><main><p class="note">This is a stand-in for Stripe on this computer. <strong>No money moves.</strong> Any real-looking card works: ${GOOD_CARD} pays, 4000000000000002 is declined, ${PAYS_ONCE} pays once.</p>${body}</main></body></html>`;
  return new Response(html, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  });
}

const cardForm = (button: string): string =>
  `<form method="post"><label>Card number <input name="card" inputmode="numeric" autocomplete="off" required value="${GOOD_CARD}"></label><button type="submit">${escape(button)}</button></form>`;

const refusal = (message: string | null): string =>
  message === null ? '' : `<p role="alert" class="note"><strong>${escape(message)}</strong> Try another card.</p>`;

export function checkoutPage(store: Store, of: Stripe.Checkout.Session, message: string | null): Response {
  if (of.status !== 'open')
    return page('Checkout', '<h1>This checkout is over</h1><p>Go back and begin again.</p>', 410);
  const lines = store.data.checkouts[of.id]?.lines ?? [];
  const rows = lines.map(({ name, cents }) => `<tr><td>${escape(name)}</td><td>${usd(cents)}</td></tr>`).join('');
  const total = usd(of.amount_total ?? 0);
  const back = of.cancel_url === null ? '' : `<p><a href="${escape(of.cancel_url)}">Back without paying</a></p>`;
  return page(
    'Checkout',
    `<h1>Pay ${total}</h1>${refusal(message)}<table>${rows}</table>${cardForm(`Pay ${total}`)}${back}`,
    message === null ? 200 : 402,
  );
}

export function invoicePage(of: Stripe.Invoice, message: string | null): Response {
  const rows = of.lines.data
    .map(({ description, amount }) => `<tr><td>${escape(description ?? '')}</td><td>${usd(amount)}</td></tr>`)
    .join('');
  const state =
    of.status === 'open' ? cardForm(`Pay ${usd(of.amount_remaining)}`) : `<p>Status: ${escape(of.status ?? '')}</p>`;
  return page(
    'Invoice',
    `<h1>Invoice ${escape(of.number ?? of.id)}</h1>${refusal(message)}<table>${rows}</table><p>Total ${usd(of.total)}</p>${state}`,
  );
}

export function portalPage(store: Store, customerId: string, back: string | null, message: string | null): Response {
  const invoices = store.all('invoice').filter((each) => each.customer === customerId && each.status !== 'draft');
  const rows = invoices
    .map(
      (each) =>
        `<tr><td><a href="${escape(each.hosted_invoice_url ?? '')}">${escape(each.number ?? each.id)}</a> ${escape(each.status ?? '')}</td><td>${usd(each.total)}</td></tr>`,
    )
    .join('');
  const link = back === null ? '' : `<p><a href="${escape(back)}">Back to Tidepool</a></p>`;
  return page(
    'Billing portal',
    `<h1>Card and invoices</h1>${refusal(message)}${cardForm('Use this card from now on')}<h2>Invoices</h2><table>${rows}</table>${link}`,
  );
}

export function clockPage(store: Store): Response {
  const now = new Date(store.nowMs()).toISOString().slice(0, 16).replace('T', ' ');
  const buttons = [1, 7, 31]
    .map((days) => `<button name="days" value="${days}">Forward ${days} ${days === 1 ? 'day' : 'days'}</button>`)
    .join('');
  return page(
    'Test clock',
    `<h1>Test clock</h1><p>At the stand-in it is ${now} UTC.</p><form method="post">${buttons}</form>`,
  );
}
