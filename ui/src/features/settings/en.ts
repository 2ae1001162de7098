export default {
  appearance: 'Appearance', language: 'Language', theme: 'Theme', theme_system: 'As the system', theme_light: 'Light', theme_dark: 'Dark',
  show_jin: 'Show jin as well', show_jin_note: 'Weights are still recorded in kilograms',
  device: 'This device', device_name: 'Device name', server: 'Server', city: 'City of the prices', keyring: 'Key', keyring_os: 'In the system’s keyring', keyring_passphrase: 'Guarded by a passphrase',
  not_registered: 'Not registered', person: 'You', account: 'User name', role: 'Role', station: 'Station',
  sign_out: 'Sign out', sign_out_question: 'Sign out?', sign_out_text: 'Data stays on this device for the next sign-in.', sign_out_pending: 'Data stays on this device; the {n} changes not sent yet go up after the next sign-in.',
  sign_out_pictures: 'Data stays on this device; the {n} pictures not sent yet go up after the next sign-in.', sign_out_both: 'Data stays on this device; the {n} changes and {pictures} pictures not sent yet go up after the next sign-in.',
  leave_practice: 'Leave practice', about: 'About', version: 'Version', licence: 'Licence', about_text: 'Huishou: weighing, quoting and paying at the door and the depot, network or not.',
}
