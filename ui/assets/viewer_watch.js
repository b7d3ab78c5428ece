// Watching one run over server-sent events, across dropped connections and a server that restarts.

const KINDS = ['queued', 'started', 'step', 'preview', 'finished', 'failed', 'cancelled'];
const LAST_KINDS = ['finished', 'failed', 'cancelled'];
const FAILURES_BEFORE_SAYING_SO = 3;
const LONGEST_PAUSE_MS = 4000;

/**
 * handlers: event(kind, data), gone() for a run the server does not know, lost() and back() for the connection.
 * EventSource could reconnect on its own, but browsers differ in when they give up; here there is one way for all.
 */
function createWatcher(handlers) {
  let watched = null; // { run, last, failures, lost, source, timer }

  function start(run) {
    stop();
    watched = { run, last: -1, failures: 0, lost: false, source: null, timer: 0 };
    connect(watched);
  }

  function stop() {
    if (!watched) return;
    watched.source?.close();
    clearTimeout(watched.timer);
    watched = null;
    handlers.back(); // nothing is waited for any more
  }

  function connect(mine) {
    const from = mine.last >= 0 ? `?after=${mine.last}` : '';
    mine.source = new EventSource(`${api}/runs/${encodeURIComponent(mine.run)}/events${from}`);
    for (const kind of KINDS) mine.source.addEventListener(kind, (event) => receive(mine, kind, event));
    mine.source.addEventListener('open', () => recovered(mine));
    mine.source.addEventListener('error', () => {
      mine.source.close();
      if (mine === watched) lookAfter(mine);
    });
  }

  function receive(mine, kind, event) {
    if (mine !== watched) return;
    if (!element.isConnected) return stop(); // the component was taken off the page
    const index = Number(event.lastEventId);
    if (event.lastEventId !== '' && Number.isFinite(index)) {
      if (index <= mine.last) return; // told twice after a reconnection
      mine.last = index;
    }
    mine.failures = 0;
    if (LAST_KINDS.includes(kind)) stop(); // before the server closes, which would look like a lost connection
    let data = {};
    try {
      data = JSON.parse(event.data) || {};
    } catch {
      console.warn('A run event could not be read:', kind);
    }
    handlers.event(kind, data);
  }

  /** The stream broke: ask whether the run is still known, then go on where it stopped. */
  async function lookAfter(mine) {
    let status = 0;
    try {
      status = (await fetch(`${api}/runs/${encodeURIComponent(mine.run)}`, { cache: 'no-store' })).status;
    } catch {
      // unreachable: status stays 0
    }
    if (mine !== watched) return;
    if (status === 404) {
      stop();
      handlers.gone();
      return;
    }
    mine.failures += 1;
    if (status === 0 && mine.failures >= FAILURES_BEFORE_SAYING_SO && !mine.lost) {
      mine.lost = true;
      handlers.lost();
    }
    const pause = Math.min(LONGEST_PAUSE_MS, 150 * 2 ** mine.failures);
    mine.timer = setTimeout(() => (status === 0 ? lookAfter(mine) : connect(mine)), pause);
  }

  function recovered(mine) {
    if (mine !== watched) return;
    mine.lost = false;
    handlers.back();
  }

  return { start, stop };
}
