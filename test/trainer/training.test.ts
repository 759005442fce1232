// Runs the trainer's own Python tests: optimizer, files, the toy export end to end, resuming, two processes.
import { describe, expect, it } from 'vitest';
import { noPython, python, runPython } from './python.js';

describe.skipIf(!python)(`trainer${python ? '' : ` (${noPython})`}`, () => {
  it('passes its Python tests', async () => {
    const done = await runPython('unittest', 'discover', '-s', 'trainer/tests', '-t', '.');
    expect(done.stderr).toMatch(/Ran [1-9]\d* tests/);
    expect(done.code, done.stderr.slice(-4000)).toBe(0);
  });
});
