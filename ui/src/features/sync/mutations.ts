// The sync centre's three lists, and the words for a mutation.

import type { MutationEntry } from '@/host'
import { has, t } from '@/i18n'

/** Refused and open; without a verdict; answered. */
export interface Sorted {
  refused: MutationEntry[]
  waiting: MutationEntry[]
  answered: MutationEntry[]
}

/** Refused newest first, waiting in the order they will be sent, answered newest first. */
export function sorted(entries: MutationEntry[]): Sorted {
  const newest = (a: MutationEntry, b: MutationEntry) => b.id - a.id
  return {
    refused: entries.filter((e) => e.open).sort(newest),
    waiting: entries.filter((e) => e.outcome === null && !e.open).sort((a, b) => a.id - b.id),
    answered: entries.filter((e) => e.outcome !== null && !e.open).sort(newest),
  }
}

/** `order.pay@1` → 付款. */
export function commandName(name: string): string {
  const key = `command.${name.replace(/@\d+$/, '').replace('.', '_')}`
  return has(key) ? t(key) : name
}

const FACTS = new Set(['appointment.start', 'appointment.complete', 'order.weigh', 'order.accept', 'order.pay', 'order.refund', 'order.receive', 'ticket.create'])

/** Whether the command reports something that has happened. */
export const isFact = (name: string): boolean => FACTS.has(name.replace(/@\d+$/, ''))

/** A field of the arguments that a person can put right. */
export type Editable = 'appointment_time' | 'reason' | 'text' | 'amount' | 'method' | 'assignee'

const EDITABLE: Record<string, Editable[]> = {
  'appointment.create': ['appointment_time'],
  'appointment.reschedule': ['appointment_time'],
  'appointment.cancel': ['reason', 'text'],
  'appointment.assign': ['assignee'],
  'order.pay': ['method', 'amount'],
  'order.refund': ['amount'],
  'order.void': ['reason'],
}

/** Which arguments can be edited before sending again. */
export const editable = (name: string): Editable[] => EDITABLE[name.replace(/@\d+$/, '')] ?? []

/** What a person can do about a refused change. */
export function wayOn(entry: MutationEntry): 'fact' | 'conflict' | 'edit' | 'again' {
  if (isFact(entry.name)) return 'fact'
  if (entry.outcome === 'conflict') return 'conflict'
  return editable(entry.name).length > 0 ? 'edit' : 'again'
}

/** The server's state in words, from what came with a conflict. */
export function currentState(current: unknown): string {
  if (typeof current !== 'object' || current === null) return ''
  const subject = 'appointment' in current && typeof current.appointment === 'object' && current.appointment !== null ? current.appointment : current
  if (!('status' in subject) || typeof subject.status !== 'number') return ''
  const group = 'order_no' in subject ? 'order_status' : 'appointment_status'
  return has(`${group}.${subject.status}`) ? t(`${group}.${subject.status}`) : ''
}
