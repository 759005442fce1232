// Finds a Python that has PyTorch and runs the trainer in it.
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

function hasTorch(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** `CONTRAPPOSTO_PYTHON`, the system's Python or the one on the path: the first that can import torch. */
export const python = [process.env['CONTRAPPOSTO_PYTHON'], '/usr/bin/python3', 'python3'].find(
  (candidate) => candidate && hasTorch(candidate),
);

/** Says why a suite is skipped. */
export const noPython = 'no Python with PyTorch (set CONTRAPPOSTO_PYTHON)';

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `python -m MODULE ARGUMENTS` from the repository's root; never rejects for an exit code. */
export async function runPython(module: string, ...args: string[]): Promise<Finished> {
  // Threads would only contend with the other tests; the numbers are small.
  const environment = { ...process.env, OMP_NUM_THREADS: '1' };
  const options = { cwd: root, env: environment, maxBuffer: 1 << 26 };
  try {
    const { stdout, stderr } = await promisify(execFile)(python!, ['-m', module, ...args], options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code?: number | string; stdout?: string; stderr?: string };
    return { code: Number(failed.code) || 1, stdout: failed.stdout ?? '', stderr: failed.stderr ?? '' };
  }
}
