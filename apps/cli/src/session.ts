/** The surroundings of a command: settings, ports and outputs. */
import { loadSettings, planFrom, type Settings } from '@gofr-backup/config';
import {
  type BackupPlan,
  type CatalogueEntry,
  jsonText,
  type Logger,
  type OperationContext,
  type Progress,
  systemClock,
} from '@gofr-backup/model';
import { coloursFor, type Colours, terminalLine } from './colour.ts';
import { onInterrupt } from './interrupt.ts';
import { commandLogger } from './logger.ts';
import { progressOn } from './progress.ts';
import type { PrivateService } from './queue/reached-queue.ts';
import { screenOn, type Screen } from './screen.ts';

export interface Session {
  settings: Settings;
  plan: BackupPlan;
  logger: Logger;
  progress: Progress;
  /** Tells the progress bar that the work will about come to what this backup holds. */
  expect(backup: CatalogueEntry | undefined): void;
  signal: AbortSignal;
  screen: Screen;
  /** for stderr */
  colours: Colours;
  /** for stdout */
  paint: Colours;
  json: boolean;
  /** Prints the answer on stdout: the document with --json, else the lines. */
  answer(document: unknown, lines: readonly string[]): void;
  /** A line for the person watching, on stderr. */
  note(text: string): void;
  /** For operations in this process. */
  context(verb: string): OperationContext;
  /** what a command of several jobs has brought up for all of them; see `keepingService` */
  kept?: { service?: PrivateService };
  /** Hands signals over to a service. */
  releaseSignals(): void;
}

/** Throws CONFIG. Unknown variables, and what `recovery` does without, become a note each. */
export function openSession(json: boolean, purpose: 'all' | 'recovery' = 'all'): Session {
  const settings = loadSettings(undefined, purpose);
  const screen = screenOn(process.stderr);
  const noColor = settings.noColor !== undefined;
  const colours = coloursFor(process.stderr, noColor);
  const clock = systemClock;
  const logger = commandLogger({
    level: settings.origins.logLevel.variable === null ? 'warn' : settings.logLevel,
    json: settings.logFormat === 'json',
    screen,
    colours,
    clock,
  });
  for (const warning of settings.warnings) logger.warn({}, warning);
  const plan = planFrom(settings);
  const { report: progress, expect, end } = progressOn({ screen, colours, clock });
  const { signal, release } = onInterrupt(screen, clock.monotonic);
  return {
    settings,
    plan,
    logger,
    progress,
    expect: (backup) => {
      if (backup?.source_bytes !== undefined) expect(backup.source_bytes);
    },
    signal,
    screen,
    colours,
    paint: coloursFor(process.stdout, noColor),
    json,
    answer(document, lines) {
      end();
      screen.clear();
      const printed = json ? [jsonText(document, 2)] : lines.map(terminalLine);
      process.stdout.write(printed.map((line) => `${line}\n`).join(''));
    },
    note: (text) => screen.line(text),
    context: (verb) => ({ clock, logger, progress, signal, plan, owner: `${verb} on the command line` }),
    releaseSignals: release,
  };
}
