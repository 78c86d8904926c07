/**
 * The graph page at 200 nodes and 2,000 edges in headless Chromium, drawn by the processor alone, on the cores that the
 * API's stand-in uses as well. Data is asked for anew every second throughout. Two runs: dots wander along the edges
 * (what a reader sees who only looks), and the picture is zoomed in every frame, which redraws everything each time.
 * A frame is one that Chromium's compositor drew (its `DrawFrame` trace events), not only one the page was asked for.
 */

import type { CDPSession, Page } from 'playwright-core';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBrowser } from '../support/dashboard/browser.ts';
import { meshGraph } from '../support/dashboard/graph-data.ts';
import { startDashboardServer } from '../support/dashboard/server.ts';
import type { Figures } from './cases.ts';
import { quantile } from './statistics.ts';

const size = { nodes: 200, edges: 2000, namespaces: 10 };
const secondsPerRun = 15;

export async function run(): Promise<Figures> {
  const server = await startDashboardServer({ graph: (nowMs) => meshGraph(size, nowMs) });
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${server.url}#/graph`);
    await page.getByText('200 nodes, 2,000 edges').waitFor();
    await refreshEverySecond(page);
    const session = await page.context().newCDPSession(page);
    const looking = await measure(session);
    await zoomEveryFrame(page);
    const zooming = await measure(session);
    return {
      framesPerSecond: looking.framesPerSecond,
      p95FrameMs: looking.p95FrameMs,
      zoomingFramesPerSecond: zooming.framesPerSecond,
      zoomingP95FrameMs: zooming.p95FrameMs,
    };
  } finally {
    await browser.close();
    await server.close();
  }
}

/** By the page's own button, beside its usual polling. */
async function refreshEverySecond(page: Page): Promise<void> {
  await page.evaluate(
    `setInterval(() => document.querySelector('[aria-label="Refresh now"]').click(), 1000)`,
  );
}

/** As a wheel that never rests: in and out over the middle of the picture. */
async function zoomEveryFrame(page: Page): Promise<void> {
  await page.evaluate(`(() => {
    const target = document.querySelector('.graph-canvas');
    const { left, top, width, height } = target.getBoundingClientRect();
    let count = 0;
    const turn = () => {
      count += 1;
      const deltaY = count % 120 < 60 ? -12 : 12;
      target.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: left + width / 2, clientY: top + height / 2, cancelable: true }));
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  })()`);
}

interface TraceEvent {
  readonly name: string;
  /** Microseconds. */
  readonly ts: number;
}

async function measure(
  session: CDPSession,
): Promise<{ readonly framesPerSecond: number; readonly p95FrameMs: number }> {
  const times: number[] = [];
  const collect = ({ value }: { value: object[] }): void => {
    for (const event of value as TraceEvent[]) if (event.name === 'DrawFrame') times.push(event.ts);
  };
  session.on('Tracing.dataCollected', collect);
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['devtools.timeline', 'disabled-by-default-devtools.timeline.frame'] },
  });
  await sleep(secondsPerRun * 1000);
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await complete;
  session.off('Tracing.dataCollected', collect);
  times.sort((a, b) => a - b);
  const gaps = times.slice(1).map((time, index) => (time - (times[index] ?? time)) / 1000);
  const spanMs = gaps.reduce((sum, gap) => sum + gap, 0);
  return {
    framesPerSecond: spanMs === 0 ? 0 : gaps.length / (spanMs / 1000),
    p95FrameMs: quantile(gaps, 0.95),
  };
}
