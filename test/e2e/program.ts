// Runs the program as its users do: built, in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'tsdown';

const root = resolve(import.meta.dirname, '../..');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  finished: Promise<Finished>;
  /** Resolves once standard error matches; rejects when the program ends before. */
  says(pattern: RegExp): Promise<void>;
}

/** The built program. `dispose` removes the build. */
export class Program {
  private constructor(private readonly folder: string) {}

  /** Builds into a folder beside dist, as deep as it, so that `models` and package.json are found from it all the same. */
  static async build(name: string): Promise<Program> {
    const folder = join(root, `dist-${name}`);
    await build({ cwd: root, outDir: folder, dts: false, logLevel: 'error' });
    return new Program(folder);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Starts `contrapposto ARGS` in the folder `cwd`. */
  start(args: readonly string[], { cwd }: { cwd: string }): Running {
    return this.spawn([join(this.folder, 'cli/main.js'), ...args], { cwd });
  }

  private spawn(args: readonly string[], { cwd }: { cwd: string }): Running {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const finished = new Promise<Finished>((done) => child.on('close', (code) => done({ code, stdout, stderr })));
    const says = (pattern: RegExp) =>
      new Promise<void>((found, failed) => {
        const look = () => pattern.test(stderr) && found();
        child.stderr.on('data', look);
        child.on('close', () => failed(new Error(`ended without saying ${pattern}: ${stderr}`)));
        look();
      });
    return { child, finished, says };
  }

  /** Runs a module that imports the package by its name, in the folder `cwd`. */
  runModule(source: string, { cwd }: { cwd: string }): Promise<Finished> {
    const path = join(this.folder, 'module-under-test.js');
    writeFileSync(path, source.replace("'contrapposto'", "'./index.js'"));
    return this.spawn([path], { cwd }).finished;
  }

  /** Runs it to its end. */
  run(args: readonly string[], options: { cwd: string }): Promise<Finished> {
    return this.start(args, options).finished;
  }
}
