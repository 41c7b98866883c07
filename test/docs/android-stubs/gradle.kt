package gradle

/** A build file is a script; the test makes a function of it. */
class Plugins {
    fun id(id: String) {}
}

class Exclusions {
    fun exclude(group: String, module: String) {}
}

class Dependencies {
    fun platform(notation: String): Any = notation
    fun implementation(notation: Any) {}
    fun implementation(notation: String, configure: Exclusions.() -> Unit) {}
}

class DefaultConfig {
    var minSdk: Int? = null
}

class Android {
    var namespace: String? = null
    var compileSdk: Int? = null

    fun defaultConfig(configure: DefaultConfig.() -> Unit) {}
}

fun plugins(configure: Plugins.() -> Unit) {}
fun android(configure: Android.() -> Unit) {}
fun dependencies(configure: Dependencies.() -> Unit) {}
