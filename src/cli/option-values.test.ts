import { describe, expect, it } from 'vitest';
import { decimal, integer } from './option-values.js';

describe('option values', () => {
  const steps = integer('--steps', { min: 1, max: 1000 });
  const scale = decimal('--guidance-scale', { min: 0, max: 100 });

  it.each([
    ['1', 1],
    ['1000', 1000],
    ['+7', 7],
  ])('reads the whole number %s', (text, value) => expect(steps(text)).toBe(value));

  it.each([
    ['7.5', 7.5],
    ['.5', 0.5],
    ['1e1', 10],
    ['0', 0],
  ])('reads the number %s', (text, value) => expect(scale(text)).toBe(value));

  it.each(['0', '1001', '-1', '1.5', '1e2', '0x10', '', ' ', 'ten', 'NaN', 'Infinity', '7 8'])(
    'refuses %j as a step count and says what is expected',
    (text) => {
      const message = `--steps: expected a whole number from 1 to 1000, got "${text}"\n  hint: for example --steps 8`;
      expect(() => steps(text)).toThrow(expect.objectContaining({ code: 'usage', message }));
    },
  );

  it.each(['-0.1', '101', 'NaN', 'Infinity', '1e999', '--', '0x1'])('refuses %j as a guidance scale', (text) => {
    expect(() => scale(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
