/**
 * Our script on the Control UI's page, as text: it runs in the person's browser, from our own origin, and touches the page
 * by `textContent` only. It says that the assistant sleeps, wakes it when asked to, shows the steps, and lets the page
 * connect again without a reload. While the page's own socket is up, and while nobody sees the page, it asks nothing.
 *
 * It knows the socket by watching the ones the page opens to this host (docs/control-ui.md says why). It makes the page
 * connect at once with the event that browsers give when a network is back, which the Control UI listens to.
 */
import { escapeJson } from './document.ts';
import { tabStyles } from './tab-styles.ts';

/** @param platformOrigin where the dashboard is, for what cannot be solved here */
export function tabScript(platformOrigin: string): string {
  return `(function () {
  'use strict';
  var platformOrigin = ${escapeJson(platformOrigin)};
  var styles = ${escapeJson(tabStyles)};
${source}
})();
`;
}

const source = String.raw`
  var given = document.currentScript && document.currentScript.dataset.view;
  // What we were told last; at first what the cell knew when it gave the page before there was a gateway.
  var view = given ? JSON.parse(given) : null;
  var covers = view !== null;
  var skewMs = view === null ? 0 : view.nowMs - Date.now();
  var newestMs = 0;
  var up = null;
  // '' while all is well with us, or 'signed_out', 'gone', 'interrupted', 'not_woken'.
  var trouble = '';
  var failures = 0;
  var nudges = 0;
  var readySinceMs = null;
  var asking = false;
  var waking = false;
  var timer = 0;
  var painter = 0;
  var announced = '';
  var focusedBefore = null;

  // --- what is shown --------------------------------------------------------------------------------------------------

  function make(tag, className, parent) {
    var element = document.createElement(tag);
    if (className) element.className = className;
    if (parent) parent.append(element);
    return element;
  }

  var host = document.createElement('div');
  host.id = 'tidepool-tab';
  var shadow = host.attachShadow({ mode: 'open' });
  var sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  shadow.adoptedStyleSheets = [sheet];
  var place = make('section', 'place', shadow);
  place.setAttribute('aria-label', 'Assistant status');
  var card = make('div', 'card', place);
  var row = make('div', 'row', card);
  var words = make('div', '', row);
  var head = make('p', 'head', words);
  var sentence = make('p', 'dim', words);
  var actions = make('div', '', row);
  var wakeButton = make('button', '', actions);
  wakeButton.type = 'button';
  wakeButton.textContent = 'Wake it';
  var link = make('a', 'button', actions);
  var troubleLine = make('p', 'bad', card);
  var clock = make('p', 'row dim', card);
  var usualText = make('span', '', clock);
  var elapsedText = make('span', 'num', clock);
  var list = make('ol', '', card);
  list.setAttribute('aria-label', 'Steps');
  // Beside the card, which comes and goes: a live region is heard only when it was there before its words.
  var spoken = make('p', 'spoken', shadow);
  spoken.setAttribute('role', 'status');
  spoken.setAttribute('aria-live', 'polite');
  document.body.prepend(host);

  function duration(ms) {
    ms = Math.max(0, ms);
    if (ms < 60000) return (ms / 1000).toFixed(1) + ' s';
    var seconds = Math.floor(ms / 1000);
    return Math.floor(seconds / 60) + ' min ' + String(seconds % 60).padStart(2, '0') + ' s';
  }

  function usual(elapsedMs) {
    if (view.attempt > 1) return 'Attempt ' + view.attempt;
    if (view.usualMs === null) return 'Elapsed';
    var about = 'about ' + Math.max(1, Math.round(view.usualMs / 1000)) + ' s';
    return elapsedMs > view.usualMs * 1.5 ? 'Longer than usual (' + about + ')' : 'Usually ' + about;
  }

  function isProblem() {
    return view !== null && view.kind !== 'waiting' && view.kind !== 'asleep';
  }

  /** What to say now: null when there is nothing to say. */
  function message() {
    if (trouble === 'signed_out') {
      return { head: 'Your session has ended', sentence: 'Sign in again to go on. What you have typed but not sent may be lost.', link: 'Sign in', href: location.href };
    }
    if (trouble === 'gone') {
      return { head: 'This assistant is not here any more', sentence: 'The dashboard says what happened.', link: 'Open the dashboard', href: platformOrigin };
    }
    if (up !== null) return null;
    if (view === null) return trouble === 'interrupted' ? { head: 'The connection is interrupted', sentence: 'Trying again.' } : null;
    if (isProblem()) return { head: view.headline, sentence: view.sentence, link: 'Open the dashboard', href: platformOrigin };
    if (view.kind === 'asleep') return { head: view.headline, sentence: 'Wake it, or just start typing.', wake: true };
    if (!view.ready) return { head: view.headline, sentence: covers ? view.sentence : '', steps: true };
    // Ready: the page connects by itself within a moment, which needs no words unless they are there already.
    if (!covers && !shown() && Date.now() - readySinceMs < 4000) return null;
    return { head: view.name + ' is awake', sentence: 'Connecting.', steps: true };
  }

  function shown() {
    return !place.hidden;
  }

  function say(text) {
    if (text === announced) return;
    announced = text;
    spoken.textContent = text;
  }

  function paint() {
    var now = message();
    if (now === null && !covers) {
      hide();
      return;
    }
    place.hidden = false;
    place.className = covers ? 'place cover' : 'place';
    var app = document.querySelector('openclaw-app');
    if (app) app.inert = covers;
    if (now === null) return;
    head.textContent = now.head;
    sentence.textContent = now.sentence;
    sentence.hidden = now.sentence === '';
    wakeButton.hidden = now.wake !== true;
    wakeButton.disabled = waking;
    link.hidden = now.link === undefined;
    if (now.link !== undefined) {
      link.textContent = now.link;
      link.href = now.href;
    }
    troubleLine.textContent = trouble === 'interrupted' && view !== null ? 'The connection is interrupted. Trying again.' : trouble === 'not_woken' ? 'Waking did not work. Try again.' : '';
    troubleLine.hidden = troubleLine.textContent === '';
    paintSteps(now.steps === true);
    var running = now.steps === true ? view.steps.find(function (step) { return step.mark === 'running'; }) : undefined;
    say(running ? now.head + '. ' + running.label : now.head);
    clearTimeout(painter);
    if (now.steps === true && !document.hidden) painter = setTimeout(paint, 200);
  }

  function paintSteps(wanted) {
    var nowMs = Date.now() + skewMs;
    var timed = wanted && view.sinceMs !== null;
    clock.hidden = !timed;
    if (timed) {
      elapsedText.textContent = duration(nowMs - view.sinceMs);
      usualText.textContent = usual(nowMs - view.sinceMs);
    }
    var steps = wanted ? view.steps : [];
    list.hidden = steps.length === 0;
    while (list.children.length > steps.length) list.lastChild.remove();
    steps.forEach(function (step, i) {
      var item = list.children[i];
      if (!item) {
        item = make('li', '', list);
        make('span', '', item).setAttribute('aria-hidden', 'true');
        make('span', '', item);
        make('span', '', item);
      }
      item.children[0].className = 'mark ' + step.mark;
      item.children[1].textContent = step.label;
      item.children[2].textContent = duration((step.endedAtMs === null ? nowMs : step.endedAtMs) - step.startedAtMs);
    });
  }

  function hide() {
    clearTimeout(painter);
    var app = document.querySelector('openclaw-app');
    if (app) app.inert = false;
    if (!shown()) return;
    var hadFocus = shadow.activeElement !== null;
    place.hidden = true;
    if (announced !== '') say('Connected');
    announced = '';
    if (hadFocus && focusedBefore !== null && focusedBefore.isConnected) focusedBefore.focus();
  }

  // --- what is asked --------------------------------------------------------------------------------------------------

  function jittered(ms) {
    return ms * (0.75 + Math.random() / 2);
  }

  /** When to ask again, in milliseconds; null: not before something happens. */
  function nextMs() {
    if (document.hidden || trouble === 'signed_out' || trouble === 'gone') return null;
    if (failures > 0) return jittered(Math.min(60000, 1000 * Math.pow(2, failures)));
    if (up !== null || view === null) return null;
    if (view.kind === 'asleep') return jittered(30000);
    if (view.kind !== 'waiting') return jittered(45000);
    if (view.ready) return nudges < 20 ? 1500 : jittered(20000);
    var elapsedMs = view.sinceMs === null ? 0 : Date.now() + skewMs - view.sinceMs;
    return elapsedMs < 120000 ? 700 : jittered(5000);
  }

  function plan() {
    clearTimeout(timer);
    var ms = nextMs();
    if (ms !== null) timer = setTimeout(ask, ms);
  }

  function refused(status) {
    if (status !== 401 && status !== 404 && status !== 410) return false;
    trouble = status === 401 ? 'signed_out' : 'gone';
    return true;
  }

  function apply(fresh) {
    // A service worker of the page may repeat an older answer while the network is away.
    if (fresh.nowMs <= newestMs) throw new Error('not news');
    newestMs = fresh.nowMs;
    failures = 0;
    trouble = '';
    skewMs = fresh.nowMs - Date.now();
    if (!fresh.ready) readySinceMs = null;
    else if (readySinceMs === null) readySinceMs = Date.now();
    view = fresh;
    if (fresh.ready && up === null) {
      nudges++;
      window.dispatchEvent(new Event('online'));
    }
  }

  function settle() {
    asking = false;
    paint();
    plan();
  }

  function ask() {
    if (asking || up !== null) return;
    asking = true;
    clearTimeout(timer);
    fetch('/__tidepool/status', { headers: { accept: 'application/json' }, cache: 'no-store' }).then(function (answer) {
      if (refused(answer.status)) return;
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json().then(apply);
    }).catch(function () {
      failures++;
      if (failures >= 3) trouble = 'interrupted';
    }).then(settle);
  }

  function wake() {
    if (waking) return;
    waking = true;
    nudges = 0;
    paint();
    fetch('/__tidepool/wake', { method: 'POST', headers: { accept: 'application/json' } }).then(function (answer) {
      if (refused(answer.status)) return;
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json().then(apply);
    }).catch(function () {
      trouble = 'not_woken';
    }).then(function () {
      waking = false;
      settle();
    });
  }

  // --- what happens ---------------------------------------------------------------------------------------------------

  function watch(socket) {
    function onMessage(event) {
      // The gateway's first answer is to the page's own greeting.
      var start = typeof event.data === 'string' ? event.data.slice(0, 300) : '';
      if (start.indexOf('"type":"res"') === -1) return;
      socket.removeEventListener('message', onMessage);
      if (start.indexOf('"ok":true') === -1) return;
      up = socket;
      covers = false;
      failures = 0;
      nudges = 0;
      trouble = '';
      clearTimeout(timer);
      paint();
    }
    socket.addEventListener('message', onMessage);
    socket.addEventListener('close', function (event) {
      if (up !== socket) return;
      up = null;
      view = null;
      readySinceMs = null;
      if (event.code === 4401) trouble = 'signed_out';
      paint();
      if (trouble === '' && !document.hidden) timer = setTimeout(ask, jittered(400));
    });
  }

  window.WebSocket = new Proxy(window.WebSocket, {
    construct: function (target, args, newTarget) {
      var socket = Reflect.construct(target, args, newTarget);
      if (new URL(socket.url).host === location.host) watch(socket);
      return socket;
    },
  });

  wakeButton.addEventListener('click', wake);
  // Writing a message is meant for the assistant: the page keeps it until it is connected, and meanwhile it wakes. A click
  // alone is not taken for that: it may only have brought the window to the front.
  document.addEventListener('keydown', function (event) {
    if (!event.isTrusted || view === null || view.kind !== 'asleep' || up !== null) return;
    var target = event.composedPath()[0];
    var writes = target instanceof HTMLTextAreaElement || target.isContentEditable === true;
    if (writes && !event.ctrlKey && !event.metaKey && !event.altKey && (event.key.length === 1 || event.key === 'Enter')) wake();
  }, true);
  document.addEventListener('focusin', function (event) {
    if (event.target !== host) focusedBefore = event.target;
  });
  function lookAgain() {
    if (!document.hidden && trouble !== 'signed_out' && trouble !== 'gone') ask();
  }
  document.addEventListener('visibilitychange', function () {
    clearTimeout(timer);
    lookAgain();
  });
  window.addEventListener('focus', lookAgain);
  window.addEventListener('online', function (event) {
    // Not when we said it ourselves.
    if (event.isTrusted) lookAgain();
  });

  place.hidden = true;
  paint();
  // A page of a gateway that runs is connected by then, or something is wrong.
  timer = setTimeout(ask, covers ? 300 : 5000);
`;
