export default {
  lead: 'Weigh, quote and pay, network or not',
  sign_in: 'Sign in', sign_in_title: 'Sign in', register_title: 'Register this device', register: 'Register and sign in', working: 'Connecting…',
  server: 'Server address', server_hint: 'From an administrator, such as http://192.168.1.10:8080', pairing_code: 'Pairing code', pairing_hint: 'From an administrator; works once',
  device_name: 'Device name', device_hint: 'To recognise it by, such as “West depot tablet 3”', username: 'User name', password: 'Password', show_password: 'Show the password', hide_password: 'Hide the password',
  this_device: 'This device: {name}', at_server: 'Server: {server}', other_server: 'Register with another server', back_to_sign_in: 'Back to sign-in',
  practice: 'Practise first', practice_text: 'No server needed: practise weighing, quoting and tickets with the built-in demo prices. Nothing is sent.', first_sync: 'The first sign-in fetches today’s appointments and needs a network.',
}
