// Where the parts of a drawing are, in pixels of the shown photo.

/** @typedef {import("./types").Face} Face @typedef {import("./types").Pose} Pose */
/** @typedef {{ width: number, height: number }} Size */

/**
 * The box of a face; null if it has none.
 * @param {Face} face
 * @param {Size} shown
 */
export function boxOf(face, shown) {
  if (!face.bbox || face.bbox.length !== 4) return null;
  const [left, top, right, bottom] = /** @type {[number, number, number, number]} */ (face.bbox);
  return {
    x: left * shown.width,
    y: top * shown.height,
    width: (right - left) * shown.width,
    height: (bottom - top) * shown.height,
  };
}

/**
 * The points of a face as one path of dots.
 * @param {Face} face
 * @param {Size} shown
 */
export function dotsOf(face, shown) {
  const dots = Object.values(face.keypoints ?? {}).filter((point) => Array.isArray(point?.proj));
  return dots.map(({ proj }) => `M${(proj[0] * shown.width).toFixed(1)} ${(proj[1] * shown.height).toFixed(1)}h0`).join("");
}

/**
 * The three axes of a head, from between the eyes or the middle of the box.
 * @param {Face} face
 * @param {Size} shown
 */
export function axesOf(face, shown) {
  const box = boxOf(face, shown);
  if (!box || !face.pose) return null;
  const nose = face.keypoints?.nose?.proj;
  const x = nose ? nose[0] * shown.width : box.x + box.width / 2;
  const y = nose ? nose[1] * shown.height : box.y + box.height / 2;
  const length = 0.5 * Math.min(box.width, box.height);
  const ends = directions(face.pose);
  return { x, y, ends: ends.map(([name, dx, dy]) => ({ name, x: x + dx * length, y: y + dy * length })) };
}

/**
 * Where the axes of a head point to, in the image: to the viewer's right, up, and out of the face.
 *
 * Yaw is positive to the viewer's right, pitch up, roll clockwise.
 * @param {Pose} pose
 * @returns {[string, number, number][]}
 */
export function directions(pose) {
  const [yaw, pitch, roll] = [pose.yaw, pose.pitch, pose.roll].map((degrees) => (degrees * Math.PI) / 180);
  const [y, p, r] = [yaw ?? 0, pitch ?? 0, roll ?? 0];
  /** @type {[string, number, number][]} */
  const unrolled = [
    ["x", Math.cos(y), 0],
    ["y", -Math.sin(p) * Math.sin(y), -Math.cos(p)],
    ["z", Math.cos(p) * Math.sin(y), -Math.sin(p)],
  ];
  return unrolled.map(([name, dx, dy]) => [
    name,
    dx * Math.cos(r) - dy * Math.sin(r),
    dx * Math.sin(r) + dy * Math.cos(r),
  ]);
}
