// Preferences of this device, kept by the engine; language and theme take effect here.

import { defineStore } from 'pinia'
import { ref } from 'vue'
import { host, type Settings } from '@/host'
import { setLanguage } from '@/i18n'

export const useSettings = defineStore('settings', () => {
  const settings = ref<Settings>({ language: 'zh', theme: 'system', show_jin: false, offline: false })
  const systemDark = window.matchMedia('(prefers-color-scheme: dark)')

  const apply = (next: Settings) => {
    settings.value = next
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
    async change(part: Partial<Settings>) {
      apply(await host().settingsPut({ ...settings.value, ...part }))
    },
  }
})
