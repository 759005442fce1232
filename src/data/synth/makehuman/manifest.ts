// The list of parts of an asset folder (`manifest.json`) and reading its files with clear errors.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { ContrappostoError } from '../../../core/errors.js';

const wearable = z.object({
  name: z.string(),
  clo: z.string(),
  mesh: z.string(),
  texture: z.string().nullable(),
});

const manifestSchema = z.object({
  body: z.object({ mesh: z.string(), skeleton: z.string(), weights: z.string() }),
  skins: z.array(
    z.object({
      name: z.string(),
      age: z.enum(['young', 'middleage', 'old']),
      race: z.enum(['african', 'asian', 'caucasian']),
      sex: z.enum(['female', 'male']),
      texture: z.string(),
    }),
  ),
  clothes: z.array(wearable),
  shoes: z.array(wearable),
  hats: z.array(wearable),
  hair: z.array(wearable),
  eyes: z.object({ clo: z.string(), mesh: z.string(), textures: z.array(z.string()) }),
  eyebrows: z.array(wearable),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Wearable = z.infer<typeof wearable>;

/** An asset folder with its parsed manifest. */
export class AssetFolder {
  readonly root: string;
  readonly manifest: Manifest;

  private constructor(root: string, manifest: Manifest) {
    this.root = root;
    this.manifest = manifest;
  }

  /** @throws `not-found` when there is no manifest, `corrupt-file` when it lists other things than expected. */
  static async open(root: string): Promise<AssetFolder> {
    const text = await readAsset(root, 'manifest.json', 'an asset folder with a manifest.json');
    const parsed = manifestSchema.safeParse(parseJson(text.toString(), 'manifest.json'));
    if (!parsed.success) {
      throw new ContrappostoError('corrupt-file', {
        operation: `read assets "${root}"`,
        expected: 'a manifest.json with body, skins, clothes, shoes, hats, hair, eyes and eyebrows',
        got: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
      });
    }
    return new AssetFolder(root, parsed.data);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  bytes(name: string): Promise<Buffer> {
    return readAsset(this.root, name, 'a file that the manifest lists');
  }

  async text(name: string): Promise<string> {
    return (await this.bytes(name)).toString('utf8');
  }

  async json(name: string): Promise<unknown> {
    return parseJson(await this.text(name), name);
  }

  /** Rows of four numbers `vertex dx dy dz` of a morph target. */
  async target(name: string): Promise<number[][]> {
    const text = gunzipSync(await this.bytes(`targets/${name}.target.gz`)).toString('utf8');
    const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return rows.map((line) => line.trim().split(/\s+/).map(Number)).filter((row) => row.length >= 4);
  }
}

async function readAsset(root: string, name: string, expected: string): Promise<Buffer> {
  try {
    return await readFile(join(root, name));
  } catch (cause) {
    throw new ContrappostoError('not-found', {
      operation: `read assets "${root}"`,
      expected,
      got: `no readable file ${name}`,
      hint: 'pass --assets with a folder laid out as the MakeHuman asset folder, or use --body mannequin',
      cause,
    });
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ContrappostoError('corrupt-file', { operation: `read ${name}`, expected: 'JSON', got: String(cause) });
  }
}
