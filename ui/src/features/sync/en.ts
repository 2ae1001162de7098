export default {
  title: 'Sync centre', state: 'State', last_contact: 'Last contact with the server', never: 'never', last_check: 'Last check that matched', rows: 'Records here', clock: 'This device’s clock', clock_fine: 'as the server’s', clock_off: '{minutes} minutes off the server’s; set it right', clock_unknown: 'unknown', repaired: 'Fetched again after a mismatch', times: '{n} times',
  last_error: 'Last problem', running: 'Syncing…', sync_now: 'Sync now', check_now: 'Check now', checked: 'The check matches', synced: 'Synced',
  offline_switch: 'Offline switch', offline_note: 'While on, the server is not contacted: to train working offline or to save data', lost_title: 'If this device died now', lost_none: 'Nothing would be lost: every change is on the server.', lost_some: 'Changes not sent yet that would be lost: {n}; see below.', lost_practice: 'Practice data is only here and never sent.', drafts: 'Unfinished drafts (only here): {n}',
  sign_in: 'Sign in again', diagnostics: 'Write a diagnostics file', diagnostics_done: 'Diagnostics (no personal data) are in {path}', copy_path: 'Copy the path',
  needs_attention: 'Needs attention', waiting: 'Waiting', practised: 'Done in practice', journal: 'Latest results', none_journal: 'No results yet', practice_title: 'Practice is not synced', practice_text: 'Nothing done here is ever sent; try whatever you like.', empty_title: 'All synced', empty_text: 'Nothing waits and nothing was refused.',
  outcome: { applied: 'took effect', rejected: 'refused', conflict: 'conflict', waiting: 'waiting' }, refused_because: 'Why: {text}', noted: 'Took effect, to review: {text}', theirs: 'On the server: {state}', by: '{actor} · {time}',
  way: {
    fact: 'This has happened, and its record is safe here. Send it again; if that does not help, call the station, and discard it once it is settled.', conflict: 'Open it and look at the latest: send again if it is still wanted, discard it if not.', edit: 'Correct it and send again; discard it if it is not wanted.', again: 'Send it again, or discard it if it is not wanted.',
  },
  reweigh: 'Weigh again', edit: 'Edit and resend', resend: 'Send again', discard: 'Discard', call_station: 'Call the station', open: 'Open', resent: 'Sent again', discarded: 'Discarded', station_none: 'No station known here',
  discard_dialog: { title: 'Discard this change?', text: '“{what}” ({subject}) will not be sent again and does not take effect on the server.', fact: 'This has already happened; check with the station before discarding it.', go: 'Discard', keep: 'Keep' },
  station_dialog: { title: 'Call the station', text: 'Tell the station this:', station: 'Station', address: 'Address', what: 'Change', code: 'Code', number: 'Number' },
  edit_dialog: { title: 'Edit and resend', time: 'Time', reason: 'Reason', text: 'Explanation', amount: 'Amount', method: 'Paid by', assignee: 'Collector', go: 'Send again' },
}
