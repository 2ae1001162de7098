// Printing a ticket: read as it stands now, put on the page for the printer alone, on the paper this device has.

import { nextTick, shallowRef, type Ref, type ShallowRef } from 'vue'
import { usePreference } from '@/composables/usePreference'
import { host, type OrderDetail } from '@/host'
import { useToasts } from '@/stores/toasts'

/** Width of the roll in millimetres. */
export type Paper = 58 | 80

/** `printing` is what the receipt shows; `print` reads the order and hands the page to the system's printing. */
export function usePrint(): { printing: ShallowRef<OrderDetail | null>; paper: Ref<Paper>; print: (id: string) => Promise<void> } {
  const toasts = useToasts()
  const printing = shallowRef<OrderDetail | null>(null)
  const paper = usePreference<Paper>('counter.paper', 58, (v) => v === 58 || v === 80)

  async function print(id: string) {
    try {
      printing.value = await host().order(id)
      await nextTick()
      window.print()
    } catch (reason) {
      toasts.fail(reason)
    }
  }

  return { printing, paper, print }
}
