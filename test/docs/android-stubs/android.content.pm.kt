package android.content.pm

class PackageInfo {
    val versionName: String? = "1.0"
}

class PackageManager {
    fun getPackageInfo(packageName: String, flags: Int) = PackageInfo()

    companion object {
        const val PERMISSION_GRANTED = 0
    }
}

object ServiceInfo {
    const val FOREGROUND_SERVICE_TYPE_PHONE_CALL = 4
    const val FOREGROUND_SERVICE_TYPE_CAMERA = 64
    const val FOREGROUND_SERVICE_TYPE_MICROPHONE = 128
}
