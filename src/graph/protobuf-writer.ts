// Writes protobuf's wire format: a third of the start of a run went into a general library's reflection.
// Format: https://protobuf.dev/programming-guides/encoding/

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Most messages of a graph (a node, a shape) are shorter. */
const FIRST_BYTES = 96;
/** From this length on, bytes become a part of their own instead of being copied. */
const PART_BYTES = 256;

const encoder = new TextEncoder();
const float = new Float32Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** One message. Fields appear in the order of the calls; large bytes are not copied before `toBytes`. */
export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];
  /** What comes after the parts, in the first `#openLength` bytes. */
  #open = new Uint8Array(FIRST_BYTES);
  #openLength = 0;
  #closedLength = 0;

  /** A whole number, as int32, int64 or enum. */
  int(field: number, value: number): this {
    this.#tag(field, VARINT);
    this.#varint(value);
    return this;
  }

  /** Each number as a field of its own, as ONNX's repeated int64 outside tensors are. */
  ints(field: number, values: readonly number[]): this {
    for (const value of values) this.int(field, value);
    return this;
  }

  float(field: number, value: number): this {
    this.#tag(field, FIXED32);
    float[0] = value;
    this.#copy(floatBytes);
    return this;
  }

  floats(field: number, values: readonly number[]): this {
    for (const value of values) this.float(field, value);
    return this;
  }

  string(field: number, text: string): this {
    return this.bytes(field, encoder.encode(text));
  }

  strings(field: number, texts: readonly string[]): this {
    for (const text of texts) this.string(field, text);
    return this;
  }

  bytes(field: number, bytes: Uint8Array): this {
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(bytes.length);
    this.#append(bytes);
    return this;
  }

  message(field: number, message: ProtobufWriter): this {
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(message.#closedLength + message.#openLength);
    for (const part of message.#parts) this.#append(part);
    this.#copy(message.#open.subarray(0, message.#openLength));
    return this;
  }

  messages(field: number, messages: readonly ProtobufWriter[]): this {
    for (const message of messages) this.message(field, message);
    return this;
  }

  toBytes(): Uint8Array {
    const out = new Uint8Array(this.#closedLength + this.#openLength);
    let offset = 0;
    for (const part of this.#parts) {
      out.set(part, offset);
      offset += part.length;
    }
    out.set(this.#open.subarray(0, this.#openLength), offset);
    return out;
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length < PART_BYTES) {
      this.#copy(bytes);
      return;
    }
    this.#parts.push(this.#open.slice(0, this.#openLength), bytes);
    this.#closedLength += this.#openLength + bytes.length;
    this.#openLength = 0;
  }

  #copy(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#open.set(bytes, this.#openLength);
    this.#openLength += bytes.length;
  }

  #push(byte: number): void {
    if (this.#openLength === this.#open.length) this.#reserve(1);
    this.#open[this.#openLength++] = byte;
  }

  #reserve(count: number): void {
    const needed = this.#openLength + count;
    if (needed <= this.#open.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#open.length));
    larger.set(this.#open);
    this.#open = larger;
  }

  /** Seven bits a byte, lowest first; negative numbers as 64 bits in two's complement. */
  #varint(value: number): void {
    if (value < 0) {
      this.#negative(value);
      return;
    }
    let rest = value;
    while (rest >= 0x80) {
      this.#push((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#push(rest);
  }

  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.#push(Number(rest & 0x7fn) + 0x80);
      rest >>= 7n;
    }
    this.#push(Number(rest));
  }
}
