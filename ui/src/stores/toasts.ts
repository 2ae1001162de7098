// Short messages at the foot of the screen, some with a way back.

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { asAppError } from '@/host'
import { t } from '@/i18n'
import { errorText } from '@/i18n/errorText'

/** One message. */
export interface Toast {
  id: number
  text: string
  tone: 'plain' | 'bad'
  /** Label of the way back and what it does. */
  action?: { label: string; run: () => void | Promise<void> }
}

const PLAIN_MS = 4_000
const UNDO_MS = 8_000

export const useToasts = defineStore('toasts', () => {
  const toasts = ref<Toast[]>([])
  let next = 1

  function dismiss(id: number) {
    toasts.value = toasts.value.filter((toast) => toast.id !== id)
  }

  function show(toast: Omit<Toast, 'id'>, ms: number) {
    const id = next++
    toasts.value = [...toasts.value.slice(-2), { ...toast, id }]
    setTimeout(() => dismiss(id), ms)
  }

  const fail = (reason: unknown) => {
    const error = asAppError(reason)
    show({ text: errorText(error.code, error.field), tone: 'bad' }, UNDO_MS)
  }

  return {
    toasts, dismiss, fail,
    /** Takes the offers of a way back off the screen: what they would change is no longer shown. */
    dropUndo() {
      toasts.value = toasts.value.filter((toast) => !toast.action)
    },
    say: (text: string) => show({ text, tone: 'plain' }, PLAIN_MS),
    /** Says what was done, with a way back for 8 s. */
    undoable(text: string, undo: () => void | Promise<void>) {
      show({ text, tone: 'plain', action: { label: t('act.undo'), run: undo } }, UNDO_MS)
    },
  }
})
