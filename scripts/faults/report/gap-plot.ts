import type { FaultWindow } from '../check/fault-window.ts';
import { findWriteGaps, type Gap } from '../check/gaps.ts';
import type { History } from '../check/history.ts';

const frame = { width: 1_400, height: 460, left: 70, right: 20, top: 150, bottom: 40 };
const plotWidth = frame.width - frame.left - frame.right;
const plotHeight = frame.height - frame.top - frame.bottom;
/** From a hundredth of a second to a minute, by powers: a handoff and a power cut are both to be seen. */
const scale = { minMs: 10, maxMs: 60_000 };
const marksMs = [10, 100, 500, 1_000, 5_000, 22_000, 60_000];
const font = 'font-family="sans-serif" fill="#222"';

/** How long no write was answered, over the time of the run, with the faults as bands: an SVG. */
export function plotGaps(history: History): string {
  const { run, faults, operations } = history;
  const endAt = Math.max(1, ...operations.slice(-1).map(({ returnedAt }) => returnedAt));
  const toX = (at: number) => frame.left + (Math.min(Math.max(at, 0), endAt) / endAt) * plotWidth;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${frame.width} ${frame.height}" width="${frame.width}" height="${frame.height}">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${frame.left}" y="18" font-size="14" ${font}>Time without an answered write, seed ${run.seed}; red bands take the lease from the primary</text>`,
    ...faults.map((fault) => drawFault(fault, toX)),
    ...marksMs.map(drawMark),
    drawGaps(findWriteGaps(history), toX),
    ...drawSeconds(endAt, toX),
    '</svg>',
    '',
  ].join('\n');
}

function toY(ms: number): number {
  const within = Math.min(Math.max(ms, scale.minMs), scale.maxMs);
  const share = Math.log(within / scale.minMs) / Math.log(scale.maxMs / scale.minMs);
  return frame.top + plotHeight * (1 - share);
}

/** A band from start to heal, and its name upright above it; darker where the primary was lost. */
function drawFault(fault: FaultWindow, toX: (at: number) => number): string {
  const from = toX(fault.startAt);
  const width = Math.max(1, toX(fault.healAt) - from);
  const colour = fault.losesPrimary ? '#e8b4a8' : '#cfdcec';
  const middle = from + width / 2 + 3;
  return [
    `<rect x="${round(from)}" y="${frame.top}" width="${round(width)}" height="${plotHeight}" fill="${colour}"/>`,
    `<text transform="translate(${round(middle)} ${frame.top - 5}) rotate(-90)" font-size="10" ${font}>${fault.name}</text>`,
  ].join('');
}

function drawMark(ms: number): string {
  const y = round(toY(ms));
  const name = ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
  return [
    `<line x1="${frame.left}" x2="${frame.width - frame.right}" y1="${y}" y2="${y}" stroke="#bbb" stroke-width="0.5"/>`,
    `<text x="${frame.left - 6}" y="${y + 4}" font-size="11" text-anchor="end" ${font}>${name}</text>`,
  ].join('');
}

/** The longest gap at each point of the time axis; there may be a hundred thousand of them. */
function drawGaps(gaps: readonly Gap[], toX: (at: number) => number): string {
  const longest = new Float64Array(plotWidth + 1);
  for (const { fromAt, toAt, ms } of gaps) {
    const from = Math.floor(toX(fromAt) - frame.left);
    const to = Math.floor(toX(toAt) - frame.left);
    for (let x = from; x <= to; x++) longest[x] = Math.max(longest[x] ?? 0, ms);
  }
  const bottom = round(toY(scale.minMs));
  const points = [...longest].map((ms, x) => `L${frame.left + x} ${round(toY(ms))}`);
  const path = `M${frame.left} ${bottom} ${points.join(' ')} L${frame.left + plotWidth} ${bottom} Z`;
  return `<path d="${path}" fill="#24527a" fill-opacity="0.85"/>`;
}

function drawSeconds(endAt: number, toX: (at: number) => number): string[] {
  const stepMs = endAt > 300_000 ? 60_000 : endAt > 60_000 ? 20_000 : 5_000;
  const count = Math.floor(endAt / stepMs) + 1;
  return Array.from({ length: count }, (_, index) => {
    const at = index * stepMs;
    const y = frame.height - frame.bottom + 16;
    return `<text x="${round(toX(at))}" y="${y}" font-size="11" text-anchor="middle" ${font}>${at / 1_000} s</text>`;
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
