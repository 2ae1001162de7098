// Words in both languages. Each feature keeps its own in `features/<area>/zh.ts` and `en.ts`; they appear under the
// folder's name: `t('today.title')`. Shared words are in zh.ts and en.ts beside this file, errors in errors.*.ts.

import { createI18n } from 'vue-i18n'
import en from './en'
import errorsEn from './errors.en'
import errorsZh from './errors.zh'
import zh from './zh'

/** Nested words. */
export interface Words {
  [key: string]: string | Words
}

/** Languages of the app. */
export type Language = 'zh' | 'en'

const featureWords = {
  zh: import.meta.glob<{ default: Words }>('../features/*/zh.ts', { eager: true }),
  en: import.meta.glob<{ default: Words }>('../features/*/en.ts', { eager: true }),
}

function merged(shared: Words, errors: Words, features: Record<string, { default: Words }>): Words {
  const words: Words = { ...shared, error: errors }
  for (const [path, module] of Object.entries(features)) {
    const area = path.split('/').at(-2)
    if (area) words[area] = module.default
  }
  return words
}

/** Everything the app can say. */
export const messages: Record<Language, Words> = {
  zh: merged(zh, errorsZh, featureWords.zh),
  en: merged(en, errorsEn, featureWords.en),
}

/** The translator; Chinese unless the settings say otherwise. */
export const i18n = createI18n({
  legacy: false,
  locale: 'zh',
  fallbackLocale: 'zh',
  messages: messages as Record<string, never>,
  missingWarn: false,
  fallbackWarn: false,
})

// Keys are checked by a test over the sources, not by types: the words of features are found at build time.
interface Composer {
  t: (key: string, named: Record<string, unknown>) => string
  te: (key: string, locale: string) => boolean
  locale: { value: string }
}
const composer = i18n.global as unknown as Composer

/** Words for use outside components. */
export const t = (key: string, named: Record<string, unknown> = {}): string => composer.t(key, named)

/** Whether there are words for a key. */
export const has = (key: string): boolean => composer.te(key, 'zh')

/** The language in use. */
export const language = (): Language => (composer.locale.value === 'en' ? 'en' : 'zh')

/** Switches the language, for screen readers and fonts too. */
export function setLanguage(language: string): void {
  const known: Language = language === 'en' ? 'en' : 'zh'
  composer.locale.value = known
  document.documentElement.lang = known === 'en' ? 'en' : 'zh-CN'
}
