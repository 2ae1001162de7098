export default {
  parts: { happened: 'What happened', safe: 'What is safe', next: 'What to do next' },
  again: 'Try again', still: 'It still does not open.', look: 'Look', go_check: 'Check this device’s data', support: 'Code for support: {code}',
  trouble: {
    store_corrupt: {
      title: 'Some of this device’s data cannot be read', short: 'Every confirmed change has a copy and can be repaired. Please delete no files.',
      happened: 'Part of the data file on the disk has gone bad, perhaps through a power cut or a bad sector.', safe: 'Every change that was confirmed has a copy of its own. Nothing is lost.', next: 'Open “Check this device’s data” and follow its repair. Until then please delete no files.',
    },
    disk_read_only: {
      title: 'The disk can only be read', short: 'All that was confirmed is there. You can look; new changes cannot be saved for now.',
      happened: 'The system has made the disk read-only, often because of a disk error or a locked card. The last step was not saved.', safe: 'Everything confirmed before is there. Appointments and orders can be looked at as usual.', next: 'Check the disk or the card, restart the computer if need be, and try again. Until then please write things down on paper.',
    },
    disk_full: {
      title: 'The disk is full', short: 'All that was confirmed is there. You can look; new changes cannot be saved for now.',
      happened: 'There is no room left on the disk. The last step was not saved.', safe: 'Everything confirmed before is there. Appointments and orders can be looked at as usual.', next: 'Delete files you do not need or empty the bin, and try again. Please do not delete this app’s data files.',
    },
    lease_over: {
      title: 'No contact with the server for 30 days: you can only look', short: 'A visit that has begun can be finished. One sync and all is as before.',
      happened: 'The server has not been met for more than 30 days, so nothing new can be begun on this device.', safe: 'All records are here and what waits will be sent. Visits that have begun can be weighed, paid and completed.', next: 'Connect the computer to a network and choose “Sync now”. It works again as soon as the server answers.',
    },
    device_revoked: {
      title: 'The server no longer accepts this device', short: 'Nothing has been removed here and what waits is kept. Please call an administrator.',
      happened: 'The server says that this device is shut out. That is not proven yet, or handing in is not done, so nothing has been removed here.', safe: 'The data is as it was, with the changes that were not sent ({pending}).', next: 'Please call an administrator. If it was a mistake, try again once it is undone. If not, the device first hands in what was not sent and then removes its data.',
    },
    upgrade_required: {
      title: 'This version is too old; sync has stopped', short: 'Nothing is lost: work on, changes stay here and are sent after the update.',
      happened: 'The server has been updated and no longer syncs with this version ({version}).', safe: 'Nothing is lost. Appointments, weighing, payments and tickets work as usual; changes not sent ({pending}) stay on this device and are sent after the update.', next: 'Ask an administrator or your station for the new installer. Install it and open the app: your data goes on as it is. Then, or when an administrator has dealt with it, try again.',
    },
    lease_soon: {
      title: 'Days left to work offline: {days}', short: 'One sync starts another 30 days.',
      happened: 'This device has not met the server for a long time. It works offline for 30 days; days left: {days}.', safe: 'Everything works as usual. Records are here and are sent when there is a network.', next: 'Some time these days, go where there is a network and choose “Sync now”.',
    },
  },
  lease_today: 'Working offline ends today',
  sync_now: 'Sync now',
  disk_fine: 'The disk takes things again. You can go on.',
  locked: { title: 'You can only look for now', counter: 'No contact with the server for 30 days: no new tickets. A recorded ticket can still be paid. What you have typed is kept.', booking: 'No contact with the server for 30 days: no bookings and no new estimates. What you have typed is kept.', visit: 'No contact with the server for 30 days: no visit can be begun or changed. A visit that has begun can be finished.' },

  closed: {
    store_key_missing: { title: 'The key to this device’s data is missing', happened: 'The key is kept in the system’s keyring, and it is not there now: the keyring may have been reset, or this is another system user.', safe: 'The data is all on this computer, still encrypted. Nothing is lost, and changes not sent yet are in it.', next: 'Ask an administrator for a pairing code and get the key back from the server here. Then sign in once and all is as before.' },
    store_key_wrong: { title: 'The key does not open this device’s data', happened: 'The key at hand is not this data’s: it may have been copied from another computer, or the keyring was replaced.', safe: 'The data is unchanged and still encrypted.', next: 'If this is the computer it belongs to, ask an administrator for a pairing code and get the key back from the server here.' },
    no_keyring: { title: 'The system’s keyring does not answer', happened: 'The key to this device’s data is kept in the system’s keyring, which is not running.', safe: 'The data is all on this computer, still encrypted. Nothing is lost.', next: 'Sign in to the system again so that the keyring starts, and try again. Where the keyring cannot be used, ask an administrator for a pairing code and use a passphrase instead.' },
    keyring_locked: { title: 'The system’s keyring is locked', happened: 'The key to this device’s data is in the system’s keyring, which has not been unlocked.', safe: 'The data is all on this computer. Nothing is lost.', next: 'Unlock the keyring (usually with your system password) and try again. If its password is forgotten, ask an administrator for a pairing code and get the key back here.' },
    store_corrupt: { title: 'Some of this device’s data cannot be read', happened: 'The data file on the disk has gone bad, perhaps through a power cut or a bad sector. The app has not opened it.', safe: 'Every confirmed change has a copy. The old file is kept aside, encrypted, and not deleted.', next: 'See what can be kept, then repair.' },
    disk_full: { title: 'The disk is full; the data cannot be opened', happened: 'There is no room left on the disk and the app cannot start.', safe: 'Everything confirmed before is there.', next: 'Delete files you do not need or empty the bin, and try again. Please do not delete this app’s data files.' },
    disk_read_only: { title: 'The disk can only be read', happened: 'The system has made the disk read-only and the app cannot start. A disk error or a locked card often causes this.', safe: 'Everything confirmed before is there.', next: 'Check the disk or the card, restart the computer if need be, and try again.' },
    store_newer: { title: 'The data is of a newer version', happened: 'A newer version of the app has written this data; this one cannot open it.', safe: 'The data is unchanged and complete.', next: 'Ask an administrator or your station for the new installer, install it and open the app again.' },
    store_not_encrypted: { title: 'The data is not encrypted', happened: 'The data file is not encrypted. The app does not open it, so that no customer’s data leaks.', safe: 'The file is unchanged.', next: 'Please delete no files and call support.' },
    store_busy: { title: 'The data is in use', happened: 'Another program is using the data file.', safe: 'The data is unchanged and complete.', next: 'Close the other window or wait a moment, and try again.' },
    other: { title: 'This device’s data cannot be opened', happened: 'Reading or writing the data failed when the app started.', safe: 'The app has changed and deleted nothing.', next: 'Try again. If it happens again, please delete no files and call support.' },
  },
  no_way: 'This computer has no file to get the key back with. Make sure that you are the usual system user and try again. If that does not help, delete no files and call support.',
  recover: {
    title: 'Get the key back from the server', code: 'Pairing code', code_hint: 'From an administrator; works once', server: 'Server: {server}', go: 'Get the key back', working: 'Getting it back…',
    passphrase: 'New passphrase', passphrase_hint: 'Opens the data on this computer from now on', offline: 'No answer from the server {server}. Connect to a network and try again; the pairing code has not been used up.',
    forgot: 'Forgot the passphrase?', forgot_title: 'The passphrase is forgotten', forgot_text: 'Only you know the passphrase; nobody can read it. With a pairing code from an administrator you get the key back from the server and choose a new passphrase. No data is lost.', forgot_no_way: 'This computer has no file to get the key back with. Please try to remember the passphrase. Delete no files and call support.', back: 'Back to the passphrase',
  },
  salvage: {
    looking: 'Looking at what can be kept…', title: 'What can be kept', kept_title: 'Repaired; this was kept',
    pending: 'Changes waiting to be sent', open: 'Refused changes to deal with', drafts: 'Unfinished drafts', pictures: 'Pictures not sent yet',
    count: '{n}', drafts_count: '{n}', pictures_count: '{n}', from_copies: '{n} of them from copies', pictures_from_copies: '{n} of them from copies',
    server: 'Appointments, orders and prices are the server’s and come back with the next contact.', aside: 'The old data file is kept aside, encrypted, until the next repair.',
    loss_title: 'What may be lost', damaged: 'Lines of copies that cannot be read: {n}. As many changes or drafts are missing if the file does not hold them.', unknown: 'Numbers without a record, most likely sent long ago: {n}.', pictures_lost: 'Pictures that cannot be read and have no copy: {n}.', no_loss: 'Nothing was found that would be lost.',
    go: 'Repair', working: 'Repairing; please do not switch off or close the app…', failed: 'The repair did not work; the old data is as it was.', done: 'Go on', again_look: 'Look again', plan_failed: 'What can be kept cannot be told now.',
  },
  check: {
    title: 'Check this device’s data', text: 'Checks the data file, whether records agree with each other, and whether lists are complete. Changes nothing.', entry_text: 'See whether this device’s data is sound; problems can be repaired here.',
    running: 'Checking…', sound_title: 'This device’s data is sound', sound_text: 'Records: {rows}. Changes waiting to be sent: {pending}.', wrong_title: 'Problems were found', wrong_text: 'Each of these can be repaired.', mended: 'Repaired, and checked again.', go: 'Check again', back: 'Back to settings',
    finding: { salvage: 'Parts of the data file are bad ({n})', marks: 'Marks of changes do not agree ({n})', refetch: 'Data from the server is incomplete ({n})', rebuild: 'Lists and screens do not agree with the data ({n})' },
    does: { marks: 'Sets the marks right. A change whose result is doubtful waits again and gets the result that the server has stored.', refetch: 'Fetches the server’s data anew with the next contact and swaps it in when it is complete.', rebuild: 'Makes the lists anew from the server’s data and the changes made here.' },
    loses_nothing: 'Nothing is lost.', repair: 'Repair', repairing: 'Repairing…', details: 'Details for support', copy: 'Copy the details', cannot: 'The check cannot go on',
    practice: 'Practice data needs no check. Leave practice to check this device’s data.',
  },
  wiped: {
    title: 'This device was shut out and its data removed', title_stolen: 'This device was reported stolen and its data removed', at: 'Shut out: {time}',
    removed: 'Removed: appointments, orders, customers’ data, drafts, sign-in and keys. Practice data is still here.', handed: 'Changes that were not sent and were handed in to the server, where an administrator goes through them: {n}. They are not lost.', nothing_waited: 'No changes were waiting to be sent.', lost: 'Changes that were not sent and went with the data: {n}. Please enter them again together with an administrator.', pictures: 'Pictures that were not sent (signatures, photos) and went with the data: {n}.',
    next: 'To use this device again, ask an administrator for a new pairing code and register here.',
  },
}
