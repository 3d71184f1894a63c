// The few names of Preact, htm and signals that the page uses, in one place.

import { Fragment, h, render } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { computed, effect, signal, useComputed } from "@preact/signals";
import htm from "htm";

/** Templates that look like HTML. All values in them are escaped, since they become properties and text nodes. */
export const html = htm.bind(h);
export { computed, effect, Fragment, render, signal, useComputed, useEffect, useMemo, useRef, useState };
