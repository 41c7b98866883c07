package android.os

object Build {
    const val MANUFACTURER = "Example"
    const val MODEL = "Phone"

    object VERSION {
        @JvmField val SDK_INT = 35
    }
}

class Bundle

interface IBinder
