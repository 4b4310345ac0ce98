// A stateful stand-in for Stripe: the API under /v1, the pages under /pay, a clock that can be moved, signed webhooks. It
// is one function from a request to an answer, so that it runs behind a socket (main.ts) and inside a test alike. The
// behaviour is ours, made after Stripe's documentation: docs/verification.md says what only a real account can show.

import { editions, lookupKeyOf, meters, paidPlanIds } from '../../apps/control-plane/src/core/billing/plans.ts';
import { runApi } from './api.ts';
import { addCard } from './payments.ts';
import { catchUp } from './cycle.ts';
import { deliverDue, type Delivery, signedEvent, takeUndelivered } from './events.ts';
import { type Form, parseForm } from './form.ts';
import type { Api } from './routing.ts';
import { checkoutPage, clockPage, invoicePage, portalPage } from './pages.ts';
import { price, product } from './shapes.ts';
import { emptyState, type StateData, Store, StripeRefusal } from './store.ts';
import { completeSession, payInvoice } from './subscribe.ts';

export interface StandInOptions {
  /** Where its pages are reached, without a slash at the end. */
  readonly origin: string;
  readonly state?: StateData;
  /** The real time; the test clock runs ahead of it. */
  readonly realNowMs: () => number;
  readonly onChange?: () => void;
  /** An account that nobody has set up yet. */
  readonly bare?: true;
}

export class StripeStandIn {
  readonly store: Store;
  readonly #api: Api;
  readonly #options: StandInOptions;
  /** Faults for tests: what a call answers instead of being carried out. */
  fault: ((method: string, path: string) => 'none' | 'away' | 'lost') | null = null;
  readonly calls: string[] = [];

  constructor(options: StandInOptions) {
    this.#options = options;
    this.store = new Store(options.state ?? emptyState(), options.realNowMs);
    this.#api = {
      store: this.store,
      origin: options.origin,
      invoiceUrl: (id) => `${options.origin}/pay/invoice/${id}`,
    };
    if (options.bare !== true) this.#sellPlans();
  }

  /** Does what is due by the clock, up to now. */
  catchUp(): void {
    const untilSeconds = this.store.nowSeconds();
    const { data } = this.store;
    const endAheadMs = data.aheadMs;
    catchUp(this.#api, untilSeconds, (seconds) => {
      data.aheadMs = seconds * 1_000 - this.#options.realNowMs();
    });
    data.aheadMs = endAheadMs;
  }

  /** Moves the test clock. */
  forward(ms: number): void {
    this.store.data.aheadMs += ms;
    this.catchUp();
    this.#options.onChange?.();
  }

  async fetch(request: Request): Promise<Response> {
    this.catchUp();
    const url = new URL(request.url);
    try {
      if (url.pathname.startsWith('/v1/')) return await this.#answerApi(request, url);
      return await this.#answerPage(request, url);
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      return Response.json({ error: error.body }, { status: error.status });
    } finally {
      this.#options.onChange?.();
    }
  }

  async #answerApi(request: Request, url: URL): Promise<Response> {
    const path = url.pathname.slice('/v1/'.length);
    const fault = this.fault?.(request.method, path) ?? 'none';
    const text = request.method === 'GET' ? url.search.slice(1) : await textOf(request);
    this.calls.push(`${request.method} ${path}`);
    if (fault === 'away') return Response.json({ error: { type: 'api_error', message: 'away' } }, { status: 503 });
    const key = request.headers.get('idempotency-key');
    const asked = `${request.method} ${path} ${text}`;
    const known = key === null ? undefined : this.store.data.answers[key];
    if (known !== undefined && known.request !== asked) {
      throw new StripeRefusal(400, {
        type: 'idempotency_error',
        message: 'Keys for idempotent requests can only be used with the same parameters they were first used with.',
      });
    }
    const { status, body } = known ?? this.#run(request.method, path, text);
    if (key !== null && known === undefined) this.store.data.answers[key] = { request: asked, status, body };
    // The effect is there, its answer is not.
    if (fault === 'lost') return Response.json({ error: { type: 'api_error', message: 'lost' } }, { status: 500 });
    return new Response(body, {
      status,
      headers: { 'content-type': 'application/json', 'request-id': this.store.id('req') },
    });
  }

  #run(method: string, path: string, text: string): { status: number; body: string } {
    try {
      const answer = runApi(this.#api, { method, path, form: parse(text) });
      return { status: 200, body: JSON.stringify(answer) };
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      return { status: error.status, body: JSON.stringify({ error: error.body }) };
    }
  }

  async #answerPage(request: Request, url: URL): Promise<Response> {
    const [, root, what = '', id = ''] = url.pathname.split('/');
    if (root !== 'pay') return new Response('There is nothing here.', { status: 404 });
    const form = request.method === 'POST' ? parse(await textOf(request)) : null;
    const card = typeof form?.['card'] === 'string' ? form['card'] : null;
    switch (what) {
      case 'checkout':
        return this.#checkout(id, card);
      case 'invoice': {
        const invoice = this.store.get('invoice', id);
        const message = card === null ? null : refusedBy(() => payInvoice(this.#api, invoice, card));
        return invoicePage(invoice, message);
      }
      case 'portal': {
        const message = card === null ? null : refusedBy(() => void addCard(this.store, id, card));
        return portalPage(this.store, this.store.get('customer', id).id, url.searchParams.get('back'), message);
      }
      case 'clock':
        if (typeof form?.['days'] === 'string') this.forward(Number(form['days']) * 86_400_000);
        return clockPage(this.store);
      default:
        return new Response('There is nothing here.', { status: 404 });
    }
  }

  #checkout(id: string, card: string | null): Response {
    const session = this.store.get('checkout.session', id);
    if (card === null) return checkoutPage(this.store, session, null);
    const message = refusedBy(() => completeSession(this.#api, session, card));
    if (message !== null) return checkoutPage(this.store, session, message);
    const to = (session.success_url ?? '').replace('{CHECKOUT_SESSION_ID}', id);
    return new Response(null, { status: 303, headers: { location: to } });
  }

  /** Sends news that is due. Resolves to how many were taken. */
  deliver(delivery: Omit<Delivery, 'realNowMs'>): Promise<number> {
    return deliverDue(this.store, { ...delivery, realNowMs: this.#options.realNowMs });
  }

  /** For tests that deliver by themselves: the news so far, each signed. */
  async takeNews(secret: string): Promise<{ readonly body: string; readonly signature: string }[]> {
    const nowMs = this.#options.realNowMs();
    return Promise.all(takeUndelivered(this.store).map((id) => signedEvent(this.store, id, { secret, nowMs })));
  }

  /** The plans of this product, as `npm run stripe` makes them in a real account. */
  #sellPlans(): void {
    const { store } = this;
    const created = store.nowSeconds();
    const known = new Set(store.all('price').map(({ lookup_key: key }) => key));
    const add = (
      name: string,
      key: string,
      amount: { unitAmount: number | null; unitDecimal: string; meter: string | null },
    ) => {
      if (known.has(key)) return;
      const of = store.put(product({ id: store.id('prod'), created, name }));
      const { meter, ...unit } = amount;
      const recurring = { interval: 'month', meter } as const;
      store.put(
        price({ id: store.id('price'), created, product: of.id, currency: 'usd', lookup_key: key, recurring, ...unit }),
      );
    };
    for (const { plans } of editions) {
      for (const id of paidPlanIds) {
        const plan = plans[id];
        const unitDecimal = String(plan.monthlyCents);
        add(`Tidepool ${plan.name}`, lookupKeyOf(plan), { unitAmount: plan.monthlyCents, unitDecimal, meter: null });
      }
    }
    for (const meter of Object.values(meters)) {
      add(meter.name, meter.lookupKey, {
        unitAmount: null,
        unitDecimal: meter.unitCents,
        meter: `meter_${meter.lookupKey}`,
      });
    }
  }
}

function parse(text: string): Form {
  try {
    return parseForm(text);
  } catch (error) {
    throw new StripeRefusal(400, {
      type: 'invalid_request_error',
      message: error instanceof Error ? error.message : 'Invalid',
    });
  }
}

/** What refused it, for the page; null when it went well. */
function refusedBy(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof StripeRefusal) return error.message;
    throw error;
  }
}

/** Forms are text to us, whatever the type of the body says. */
async function textOf(request: Request): Promise<string> {
  return new TextDecoder().decode(await request.arrayBuffer());
}
