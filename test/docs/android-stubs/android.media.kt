package android.media

import android.net.Uri

class AudioAttributes {
    class Builder {
        fun setUsage(usage: Int) = this
        fun setContentType(type: Int) = this
        fun build() = AudioAttributes()
    }

    companion object {
        const val USAGE_NOTIFICATION_RINGTONE = 6
        const val CONTENT_TYPE_SONIFICATION = 4
    }
}

object RingtoneManager {
    const val TYPE_RINGTONE = 1

    fun getDefaultUri(type: Int): Uri = Uri.parse("content://settings/system/ringtone")
}
