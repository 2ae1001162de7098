// Preferences of this device, kept by the engine; language and theme take effect here.

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { usePreference } from '@/composables/usePreference'
import { host, type Settings } from '@/host'
import { setLanguage } from '@/i18n'

export const useSettings = defineStore('settings', () => {
  // Language and theme of the last time, for a screen that comes before the store is open.
  const seen = usePreference('appearance', { language: 'zh', theme: 'system' }, (value) => typeof value === 'object' && value !== null && 'language' in value && 'theme' in value)
  const settings = ref<Settings>({ ...seen.value, show_jin: false, offline: false })
  const systemDark = window.matchMedia('(prefers-color-scheme: dark)')

  const apply = (next: Settings) => {
    settings.value = next
    seen.value = { language: next.language, theme: next.theme }
    setLanguage(next.language)
    const dark = next.theme === 'dark' || (next.theme === 'system' && systemDark.matches)
    document.documentElement.classList.toggle('dark', dark)
  }
  systemDark.addEventListener('change', () => apply(settings.value))

  return {
    settings,
    async start() {
      apply(await host().settingsGet())
    },
    /** Shows this without storing it: the store is not open. */
    show: (part: Partial<Settings>) => apply({ ...settings.value, ...part }),
    async change(part: Partial<Settings>) {
      apply(await host().settingsPut({ ...settings.value, ...part }))
    },
  }
})
