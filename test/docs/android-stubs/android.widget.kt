package android.widget

import android.content.Context
import android.view.View
import android.view.ViewGroup

open class TextView(context: Context) : View(context) {
    var text: CharSequence = ""
}

class Button(context: Context) : TextView(context)

class LinearLayout(context: Context) : ViewGroup(context) {
    var orientation = 0

    companion object {
        const val VERTICAL = 1
    }
}

class Toast {
    fun show() {}

    companion object {
        const val LENGTH_LONG = 1

        fun makeText(context: Context, text: CharSequence, duration: Int) = Toast()
    }
}
