"""Where each view is."""

from django.urls import include, path

from . import views

named = (
    [
        path("plain/<path:anything>", views.plain, name="ask"),
        path("klass", views.Klass.as_view(), name="klass"),
    ],
    "shop",
)
urlpatterns = [
    path("plain", views.plain),
    path("aplain", views.aplain),
    path("amany", views.amany),
    path("body", views.body),
    path("abody", views.abody),
    path("file", views.file),
    path("boom", views.boom),
    path("quiet", views.quiet),
    path("aquiet", views.aquiet),
    path("login", views.login),
    path("alogin", views.alogin),
    path("logout", views.logout),
    path("unloaded", views.unloaded),
    path("rest", views.Rest.as_view()),
    path("leak", views.leak),
    path("slow", views.slow),
    path("aslow", views.aslow),
    path("senders", views.senders),
    path("shop/", include(named)),
]
