import { describe, expect, it } from 'vitest';
import { ProgressReporter } from './progress-reporter.js';

const CLEAR_REST = '\x1b[K';

function recorder(isTTY: boolean, columns = 60) {
  const written: string[] = [];
  return { written, stream: { isTTY, columns, write: (text: string) => written.push(text) } };
}

describe('ProgressReporter', () => {
  it('draws over one line on a terminal, never wider than it, and leaves the cursor on a fresh line', () => {
    const { written, stream } = recorder(true, 40);
    let now = 0;
    const progress = new ProgressReporter(stream, { quiet: false, now: () => now });
    progress.report({ type: 'stage', stage: 'load', detail: 'x'.repeat(100) });
    for (let step = 1; step <= 4; step++) {
      now += 3000;
      progress.report({ type: 'step', stage: 'denoise', step, steps: 4 });
    }
    progress.finish();
    const lines = written.slice(0, -1);
    for (const line of lines) {
      expect(line.startsWith('\r') && line.endsWith(CLEAR_REST)).toBe(true);
      expect(line.slice(1, -CLEAR_REST.length)).toMatch(/^[^\n\r]{1,39}$/);
    }
    expect(lines[2]).toContain('2/4');
    expect(lines.at(-1)).toContain('4/4');
    expect(written.at(-1)).toBe('\n');
  });

  it('says how long the rest will take from the steps done since the first', () => {
    const { written, stream } = recorder(false);
    let now = 0;
    const progress = new ProgressReporter(stream, { quiet: false, now: () => now });
    for (let step = 1; step <= 3; step++) {
      progress.report({ type: 'step', stage: 'denoise', step, steps: 5 });
      now += 6000;
    }
    expect(written).toEqual(['denoise 1/5\n', 'denoise 2/5, about 18 s left\n', 'denoise 3/5, about 12 s left\n']);
  });

  it('writes few lines into a log: the first, one every five seconds, the last', () => {
    const { written, stream } = recorder(false);
    let now = 0;
    const progress = new ProgressReporter(stream, { quiet: false, now: () => now });
    for (let step = 1; step <= 100; step++) {
      now += 100;
      progress.report({ type: 'step', stage: 'denoise', step, steps: 100 });
    }
    expect(written.map((line) => line.split(/[ ,\n]/)[1])).toEqual(['1/100', '51/100', '100/100']);
    expect(written.join('')).not.toContain('\r');
    expect(written.join('')).not.toContain(CLEAR_REST);
  });

  it('shows each warning once, also when quiet, and keeps it', () => {
    const { written, stream } = recorder(false);
    const progress = new ProgressReporter(stream, { quiet: true });
    progress.report({ type: 'stage', stage: 'load' });
    progress.report({ type: 'warning', message: 'cut' });
    progress.report({ type: 'warning', message: 'cut' });
    expect(written).toEqual(['warning: cut\n']);
    expect(progress.warnings).toEqual(['cut']);
  });
});
