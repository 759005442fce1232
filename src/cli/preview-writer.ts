// Keeps a picture file up to date with the unfinished picture, without slowing the work down by a queue of them.
import { writeFileAtomic } from '../core/files.js';
import { encodePng } from '../core/image.js';
import type { OnProgress, ProgressEvent } from '../core/progress.js';

export class PreviewWriter {
  private writing: Promise<void> | undefined;

  constructor(
    private readonly path: string,
    private readonly onProgress: OnProgress,
  ) {}

  /** Takes every progress event; a step whose predecessor is still being written is passed over. */
  readonly report = (event: ProgressEvent): void => {
    this.onProgress(event);
    if (event.type !== 'step' || !event.preview || this.writing) return;
    this.writing = this.write(event.preview).finally(() => {
      this.writing = undefined;
    });
  };

  /** Waits for a preview being written. */
  async finish(): Promise<void> {
    await this.writing;
  }

  private async write(preview: NonNullable<Extract<ProgressEvent, { type: 'step' }>['preview']>): Promise<void> {
    try {
      await writeFileAtomic(this.path, await encodePng(await preview()));
    } catch (error) {
      // The picture itself can still succeed; an interrupt is reported by the run.
      this.onProgress({ type: 'warning', message: `no preview: ${(error as Error).message.split('\n')[0]}` });
    }
  }
}
