import type { RouteRecordRaw } from 'vue-router'

export default [
  { path: '/check', name: 'check', component: () => import('./CheckScreen.vue'), meta: { title: 'care.check.title', rail: 'settings' } },
] satisfies RouteRecordRaw[]
