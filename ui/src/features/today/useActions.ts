// What the buttons of an appointment do: a command at once, a screen, or a dialog that asks first.

import { ref, type ComputedRef } from 'vue'
import { useRouter } from 'vue-router'
import { useCommand } from '@/composables/useCommand'
import type { AppointmentDetail } from '@/host'
import { t } from '@/i18n'
import { useToasts } from '@/stores/toasts'
import { settled, type ActionName } from './actions'

/** Dialogs that ask before a command. */
export type Dialog = 'cancel' | 'reschedule' | 'assign' | 'complete'

export function useActions(detail: ComputedRef<AppointmentDetail | null>, reload: () => Promise<void>) {
  const router = useRouter()
  const toasts = useToasts()
  const { busy, run } = useCommand()
  const dialog = ref<Dialog | null>(null)

  async function command(action: 'start' | 'confirm' | 'complete', subject: AppointmentDetail) {
    const done = await run(`appointment.${action}`, { appointment_id: subject.appointment.id })
    if (done) toasts.say(t(`today.done.${action}`, { name: subject.appointment.contact.name }))
    await reload()
  }

  /** `sure`: the dialog has asked already. */
  async function act(action: ActionName, sure = false) {
    const subject = detail.value
    if (!subject) return
    const params = { id: subject.appointment.id }
    switch (action) {
      case 'weigh':
      case 'reweigh':
        await router.push({ name: 'weigh', params })
        return
      case 'estimate':
        await router.push({ name: 'estimate', params })
        return
      case 'accept':
        await router.push({ name: 'accept', params })
        return
      case 'complete':
        if (!sure && !settled(subject)) dialog.value = 'complete'
        else {
          dialog.value = null
          await command('complete', subject)
        }
        return
      case 'start':
      case 'confirm':
        await command(action, subject)
        return
      default:
        dialog.value = action
    }
  }

  return { dialog, busy, act }
}
