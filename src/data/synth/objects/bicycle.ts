// A city or sports bicycle: diamond frame, spoked wheels, saddle, handlebar with grips, cranks, chain.
import type { MeshBuilder } from '../mesh-builder.js';
import { add, mix, type Vec3 } from '../vector.js';
import { METAL, RUBBER, STEEL, shade } from './colours.js';

export interface BicycleOptions {
  colour: Vec3;
  /** Height of the saddle's top above the ground in the bicycle's own units (10 cm at scale 1). */
  saddleHeight: number;
  /** 0 sporty (low, far grips) to 1 upright. */
  upright: number;
  /** Angle of the left crank in radians, 0 = forwards. */
  crankAngle: number;
  /** Rotation of the spokes. */
  wheelAngle: number;
  extras: { mudguards: boolean; basket: boolean; rack: boolean };
}

/** Where a rider touches it, in local coordinates: the bicycle stands on y = 0 and faces +z. */
export interface BicycleContacts {
  saddle: Vec3;
  bottomBracket: Vec3;
  crankLength: number;
  /** Centre of the left (+x) grip; the right one is its mirror image. */
  grip: Vec3;
  /** Direction of the left grip, pointing outwards. */
  gripAxis: Vec3;
  pedalHalfWidth: number;
}

const WHEEL_RADIUS = 3.3;
const CRANK = 1.7;

/** Contact points without drawing. */
export function bicycleContacts(options: Pick<BicycleOptions, 'saddleHeight' | 'upright'>): BicycleContacts {
  const { saddleHeight, upright } = options;
  return {
    saddle: [0, saddleHeight, -1.75],
    bottomBracket: [0, 2.75, 0],
    crankLength: CRANK,
    grip: [2.55 + 0.3 * upright, saddleHeight + 0.3 + 1.2 * upright, 3.5 - 0.9 * upright],
    gripAxis: [1, 0, -0.35 - 0.35 * upright],
    pedalHalfWidth: 1.05,
  };
}

function wheel(mesh: MeshBuilder, hub: Vec3, options: { angle: number; mudguard: Vec3 | undefined }): void {
  const axis: Vec3 = [1, 0, 0];
  mesh.torus(hub, axis, { radius: WHEEL_RADIUS - 0.02, thickness: 0.2, colour: RUBBER, segments: 40, sides: 7 });
  mesh.withShine(0.6, () => {
    mesh.torus(hub, axis, { radius: WHEEL_RADIUS - 0.27, thickness: 0.1, colour: STEEL, segments: 36, sides: 5 });
    mesh.cylinder(add(hub, [-0.34, 0, 0]), add(hub, [0.34, 0, 0]), { radius: 0.17, colour: METAL, sides: 8 });
  });
  const spokes = 20;
  for (let i = 0; i < spokes; i++) {
    const a = options.angle + (i / spokes) * 2 * Math.PI;
    const rim: Vec3 = [0, Math.sin(a) * (WHEEL_RADIUS - 0.27), Math.cos(a) * (WHEEL_RADIUS - 0.27)];
    const flange: Vec3 = [i % 2 ? 0.22 : -0.22, 0, 0];
    mesh.cylinder(add(hub, flange), add(hub, rim), { radius: 0.022, colour: [200, 202, 206], sides: 3, caps: false });
  }
  if (!options.mudguard) return;
  const path: Vec3[] = [];
  for (let i = 0; i <= 12; i++) {
    const a = 0.15 + (i / 12) * 2.6;
    path.push(add(hub, [0, Math.sin(a) * 3.62, -Math.cos(a) * 3.62]));
  }
  mesh.tube(path, { radius: 0.3, colour: options.mudguard, sides: 6, flatten: 0.25 });
}

function drivetrain(mesh: MeshBuilder, options: { crankAngle: number; rearHub: Vec3; bottomBracket: Vec3 }): void {
  const { crankAngle, rearHub, bottomBracket } = options;
  const x = -0.45;
  const ring = add(bottomBracket, [x, 0, 0]);
  const cog = add(rearHub, [x, 0, 0]);
  mesh.withShine(0.5, () => {
    mesh.torus(ring, [1, 0, 0], { radius: 0.92, thickness: 0.09, colour: METAL, segments: 24, sides: 4 });
    for (let i = 0; i < 5; i++) {
      const a = crankAngle + (i / 5) * 2 * Math.PI;
      const tip = add(ring, [0, 0.9 * Math.sin(a), 0.9 * Math.cos(a)]);
      mesh.cylinder(ring, tip, { radius: 0.09, colour: METAL, sides: 4, caps: false });
    }
    mesh.cylinder(add(cog, [-0.06, 0, 0]), add(cog, [0.06, 0, 0]), { radius: 0.42, colour: METAL, sides: 14 });
  });
  for (const side of [-1, 1]) {
    const from = add(ring, [0, side * 0.92, 0]);
    mesh.cylinder(from, add(cog, [0, side * 0.42, 0]), { radius: 0.05, colour: RUBBER, sides: 4, caps: false });
  }
  mesh.cylinder(add(bottomBracket, [-0.6, 0, 0]), add(bottomBracket, [0.6, 0, 0]), { radius: 0.24, colour: METAL });
  for (const side of [1, -1]) {
    const angle = crankAngle + (side > 0 ? 0 : Math.PI);
    const pedal = add(bottomBracket, [side * 1.05, Math.sin(angle) * CRANK, Math.cos(angle) * CRANK]);
    const end: Vec3 = [side * 0.66, pedal[1], pedal[2]];
    mesh.cylinder(add(bottomBracket, [side * 0.56, 0, 0]), end, {
      radius: 0.13,
      endRadius: 0.1,
      colour: STEEL,
      sides: 6,
    });
    mesh.cylinder(end, pedal, { radius: 0.07, colour: METAL, sides: 5 });
    mesh.box(pedal, [0.42, 0.11, 0.4], { colour: RUBBER, bevel: 0.04 });
  }
}

function frame(mesh: MeshBuilder, options: BicycleOptions): void {
  const { colour, saddleHeight, upright } = options;
  const { grip, bottomBracket } = bicycleContacts(options);
  const rear: Vec3 = [0, WHEEL_RADIUS + 0.15, -4.3];
  const front: Vec3 = [0, WHEEL_RADIUS + 0.15, 6.1];
  const seatTop: Vec3 = [0, saddleHeight - 0.55, -1.55];
  const headBottom: Vec3 = [0, 6.9, 4.75];
  const headTop: Vec3 = [0, Math.max(8.1, grip[1] - 1.1), 4.35];
  const clamp = mix(bottomBracket, seatTop, Math.min(0.85, 4.9 / (seatTop[1] - bottomBracket[1])));
  const pipe = (a: Vec3, b: Vec3, radius: number) => mesh.cylinder(a, b, { radius, colour, sides: 9 });
  mesh.withShine(0.55, () => {
    pipe(bottomBracket, clamp, 0.2);
    pipe(bottomBracket, headBottom, 0.24);
    pipe(clamp, mix(headBottom, headTop, 0.7), 0.19);
    pipe(headBottom, headTop, 0.24);
    for (const side of [-1, 1]) {
      pipe(add(bottomBracket, [side * 0.3, 0, 0]), add(rear, [side * 0.38, 0, 0]), 0.12);
      pipe(add(clamp, [side * 0.2, 0, 0]), add(rear, [side * 0.38, 0, 0]), 0.1);
      mesh.tube(
        [
          add(headBottom, [side * 0.1, 0, 0]),
          add(headBottom, [side * 0.36, -0.35, 0.1]),
          add(front, [side * 0.38, 1.2, -0.25]),
          add(front, [side * 0.38, 0, 0]),
        ],
        { radius: 0.13, colour, sides: 7 },
      );
    }
    mesh.cylinder(clamp, seatTop, { radius: 0.14, colour: STEEL, sides: 8 });
    const stem: Vec3 = [0, grip[1] - 0.25 * upright, 4.3];
    mesh.cylinder(headTop, stem, { radius: 0.15, colour: STEEL, sides: 8 });
    for (const side of [-1, 1]) {
      const bend: Vec3 = [side * grip[0] * 0.55, grip[1], 4.35];
      mesh.tube([stem, [side * 0.5, stem[1] + 0.05, 4.45], bend, [side * grip[0] * 0.86, grip[1], grip[2] + 0.3]], {
        radius: 0.13,
        colour: STEEL,
        sides: 7,
      });
    }
  });
  for (const side of [-1, 1]) {
    const axis: Vec3 = [side * 0.62, 0, options.upright * -0.2 - 0.25];
    const centre: Vec3 = [side * grip[0], grip[1], grip[2]];
    mesh.cylinder(add(centre, [-axis[0], 0, -axis[2]]), add(centre, axis), { radius: 0.18, colour: RUBBER, sides: 8 });
    mesh.cylinder(
      add(centre, [-axis[0] * 1.3, -0.1, -axis[2] + 0.35]),
      add(centre, [axis[0] * 0.7, -0.1, axis[2] + 0.5]),
      { radius: 0.05, colour: STEEL, sides: 5 },
    );
  }
  wheel(mesh, rear, { angle: options.wheelAngle, mudguard: options.extras.mudguards ? colour : undefined });
  wheel(mesh, front, { angle: options.wheelAngle + 0.4, mudguard: options.extras.mudguards ? colour : undefined });
  drivetrain(mesh, { crankAngle: options.crankAngle, rearHub: rear, bottomBracket });
}

function saddle(mesh: MeshBuilder, height: number): void {
  const leather: Vec3 = [44, 40, 40];
  mesh.sphere([0, height - 0.28, -2.25], [0.8, 0.28, 0.75], { colour: leather, segments: 14, rings: 8 });
  mesh.sphere([0, height - 0.26, -1.2], [0.34, 0.22, 1.15], { colour: leather, segments: 12, rings: 8 });
}

function carriers(mesh: MeshBuilder, options: BicycleOptions): void {
  const { grip } = bicycleContacts(options);
  if (options.extras.basket) {
    const wicker: Vec3 = [168, 124, 74];
    const centre: Vec3 = [0, grip[1] - 1.5, 5.9];
    mesh.box(centre, [1.5, 0.95, 1.05], {
      colour: wicker,
      bevel: 0.12,
    });
    for (const dy of [-0.45, 0.05, 0.5, 0.92])
      mesh.box(add(centre, [0, dy, 0]), [1.57, 0.1, 1.12], { colour: shade(wicker, 0.8) });
    mesh.box(add(centre, [0, 0.93, 0]), [1.35, 0.09, 0.92], { colour: shade(wicker, 0.35) });
  }
  if (!options.extras.rack) return;
  for (const side of [-1, 1]) {
    mesh.cylinder([side * 0.6, 7.2, -2.4], [side * 0.6, 7.2, -6], { radius: 0.09, colour: RUBBER, sides: 6 });
    mesh.cylinder([side * 0.6, 7.2, -5.2], [side * 0.4, 3.5, -4.3], { radius: 0.07, colour: RUBBER, sides: 5 });
  }
  for (const z of [-2.6, -3.7, -4.8, -5.9])
    mesh.cylinder([-0.6, 7.2, z], [0.6, 7.2, z], { radius: 0.07, colour: RUBBER, sides: 5 });
  mesh.box([0, 6.9, -6.05], [0.22, 0.16, 0.06], { colour: [200, 24, 24] });
}

/** Adds a bicycle standing on local y = 0, facing +z, its bottom bracket at z = 0; wheelbase 104 cm. */
export function bicycle(mesh: MeshBuilder, options: BicycleOptions): BicycleContacts {
  frame(mesh, options);
  saddle(mesh, options.saddleHeight);
  carriers(mesh, options);
  return bicycleContacts(options);
}
