package android

object Manifest {
    object permission {
        const val RECORD_AUDIO = "android.permission.RECORD_AUDIO"
        const val CAMERA = "android.permission.CAMERA"
        const val POST_NOTIFICATIONS = "android.permission.POST_NOTIFICATIONS"
    }
}

object R {
    object drawable {
        const val sym_call_incoming = 1
        const val sym_call_missed = 2
        const val sym_action_call = 3
    }
}
