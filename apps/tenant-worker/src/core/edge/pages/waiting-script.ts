/**
 * The waiting page's script, as text: it runs in the person's browser, under a nonce, and touches the page by
 * `textContent` only. A hidden tab does not poll, so that a forgotten one costs nothing.
 */
export const waitingScript = `
(function () {
  'use strict';
  var view = JSON.parse(document.getElementById('data').textContent);
  var skewMs = view.nowMs - Date.now();
  var announced = view.headline;
  var failures = 0;
  var timer = 0;
  var byId = function (id) { return document.getElementById(id); };

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

  function say(text) {
    if (text === announced) return;
    announced = text;
    byId('announce').textContent = text;
  }

  function paint() {
    var now = Date.now() + skewMs;
    byId('headline').textContent = view.headline;
    byId('sentence').textContent = view.sentence;
    var timed = view.kind === 'waiting' && view.sinceMs !== null;
    byId('clock').hidden = !timed;
    if (timed) {
      byId('elapsed').textContent = duration(now - view.sinceMs);
      byId('usual').textContent = usual(now - view.sinceMs);
    }
    var list = byId('steps');
    list.hidden = view.steps.length === 0;
    while (list.children.length > view.steps.length) list.lastChild.remove();
    view.steps.forEach(function (step, i) {
      var item = list.children[i];
      if (!item) {
        item = document.createElement('li');
        var mark = document.createElement('span');
        mark.setAttribute('aria-hidden', 'true');
        item.append(mark, document.createElement('span'), document.createElement('span'));
        list.append(item);
      }
      item.children[0].className = 'mark ' + step.mark;
      item.children[1].textContent = step.label;
      item.children[2].textContent = duration((step.endedAtMs === null ? now : step.endedAtMs) - step.startedAtMs);
    });
    byId('wake').hidden = view.kind !== 'asleep';
  }

  function next(ms) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(poll, ms);
  }

  function apply(fresh) {
    failures = 0;
    byId('trouble').textContent = '';
    skewMs = fresh.nowMs - Date.now();
    var turned = fresh.kind !== view.kind && fresh.kind !== 'asleep' && fresh.kind !== 'waiting';
    view = fresh;
    if (fresh.ready || turned) { location.reload(); return; }
    var running = fresh.steps.find(function (step) { return step.mark === 'running'; });
    say(running ? running.label : fresh.headline);
    paint();
    next(fresh.kind === 'waiting' ? 700 : 5000);
  }

  function poll() {
    fetch('/__tidepool/status', { headers: { accept: 'application/json' }, cache: 'no-store' }).then(function (answer) {
      if (answer.status === 401 || answer.status === 404 || answer.status === 410) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json().then(apply);
    }).catch(function () {
      failures++;
      if (failures === 3) byId('trouble').textContent = 'The connection is interrupted. Trying again.';
      next(Math.min(10000, 1000 * Math.pow(2, failures)));
    });
  }

  byId('wake').addEventListener('click', function () {
    byId('wake').disabled = true;
    fetch('/__tidepool/wake', { method: 'POST' }).then(function () {
      byId('wake').disabled = false;
      poll();
    }, function () {
      byId('wake').disabled = false;
      byId('trouble').textContent = 'Waking did not work. Try again.';
    });
  });
  document.addEventListener('visibilitychange', function () { if (!document.hidden) poll(); });
  setInterval(function () { if (!document.hidden) paint(); }, 200);
  paint();
  next(400);
})();
`.trim();
