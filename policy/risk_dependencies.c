/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and lock files of the ecosystems, by the last component of the path. Some are programs or documents that hold more
 * than dependencies: of those an added line must hold one of the row's words. Where the lines are not known, the file counts.
 */
#include "policy/risk.h"

#include "lib/base/change.h"
#include "lib/base/ignore.h"

#include <string.h>

#define WORDS_MAX 8

static const struct {
        const char *name, *ecosystem; /* a glob of the file's name */
        const char *words[WORDS_MAX]; /* none: any added line */
} manifests[] = {
        {"package.json", "npm", {0}},
        {"package-lock.json", "npm", {0}},
        {"npm-shrinkwrap.json", "npm", {0}},
        {"yarn.lock", "npm", {0}},
        {"pnpm-lock.yaml", "npm", {0}},
        {"pnpm-workspace.yaml", "npm", {0}},
        {"bun.lock", "npm", {0}},
        {"bun.lockb", "npm", {0}},
        {".npmrc", "npm", {0}},
        {"deno.json", "deno", {"imports", "npm:", "jsr:", "https:"}},
        {"deno.lock", "deno", {0}},
        {"requirements*.txt", "pip", {0}},
        {"requirements*.in", "pip", {0}},
        {"constraints*.txt", "pip", {0}},
        {"pyproject.toml", "pip", {0}},
        {"setup.py", "pip", {"install_requires", "extras_require", "setup_requires", "requires", "==", ">="}},
        {"setup.cfg", "pip", {"install_requires", "extras_require", "requires", "==", ">=", "~="}},
        {"Pipfile", "pip", {0}},
        {"Pipfile.lock", "pip", {0}},
        {"poetry.lock", "pip", {0}},
        {"pdm.lock", "pip", {0}},
        {"uv.lock", "pip", {0}},
        {"environment.yml", "conda", {0}},
        {"environment.yaml", "conda", {0}},
        {"Cargo.toml", "cargo", {0}},
        {"Cargo.lock", "cargo", {0}},
        {"go.mod", "go", {0}},
        {"go.sum", "go", {0}},
        {"go.work", "go", {0}},
        {"pom.xml", "maven", {"<dependency", "<artifactId", "<groupId", "<version", "<plugin", "<repository", "<url"}},
        {"build.gradle", "gradle", {"mplementation", "api", "ompile", "lasspath", "plugin", "id ", "maven", "://"}},
        {"build.gradle.kts", "gradle", {"mplementation", "api", "ompile", "lasspath", "plugin", "id(", "maven", "://"}},
        {"settings.gradle*", "gradle", {"plugin", "maven", "://", "version"}},
        {"libs.versions.toml", "gradle", {0}},
        {"gradle.lockfile", "gradle", {0}},
        {"build.sbt", "sbt", {"%", "resolvers", "libraryDependencies"}},
        {"Gemfile", "bundler", {0}},
        {"Gemfile.lock", "bundler", {0}},
        {"*.gemspec", "bundler", {"add_dependency", "add_runtime_dependency", "add_development_dependency"}},
        {"composer.json", "composer", {0}},
        {"composer.lock", "composer", {0}},
        {"*.csproj", "nuget", {"PackageReference", "Reference ", "Import ", "Version="}},
        {"*.fsproj", "nuget", {"PackageReference", "Reference ", "Import ", "Version="}},
        {"Directory.Packages.props", "nuget", {0}},
        {"packages.config", "nuget", {0}},
        {"packages.lock.json", "nuget", {0}},
        {"Package.swift", "swift", {".package", "url:"}},
        {"Package.resolved", "swift", {0}},
        {"Podfile", "cocoapods", {0}},
        {"Podfile.lock", "cocoapods", {0}},
        {"pubspec.yaml", "pub", {0}},
        {"pubspec.lock", "pub", {0}},
        {"mix.exs", "hex", {"{:", "deps"}},
        {"mix.lock", "hex", {0}},
        {"rebar.config", "hex", {"deps", "{git"}},
        {"stack.yaml", "haskell", {0}},
        {"*.cabal", "haskell", {"build-depends", "==", ">=", "^>="}},
        {"cpanfile", "cpan", {0}},
        {"Project.toml", "julia", {0}},
        {"Manifest.toml", "julia", {0}},
        {"conanfile.*", "conan", {"requires", "/"}},
        {"vcpkg.json", "vcpkg", {0}},
        {"CMakeLists.txt",
         "cmake",
         {"find_package", "FetchContent", "ExternalProject", "CPMAddPackage", "pkg_check_modules", "pkg_search_module",
          "find_library"}},
        {"*.cmake",
         "cmake",
         {"find_package", "FetchContent", "ExternalProject", "CPMAddPackage", "pkg_check_modules", "pkg_search_module",
          "find_library"}},
        {"meson.build", "meson", {"dependency(", "subproject(", "find_library"}},
        {"*.wrap", "meson", {0}},
        {"configure.ac", "autoconf", {"PKG_CHECK_MODULES", "AC_CHECK_LIB", "AC_SEARCH_LIBS"}},
        {"MODULE.bazel", "bazel", {0}},
        {"WORKSPACE*", "bazel", {0}},
        {"flake.nix", "nix", {"url", "inputs"}},
        {"flake.lock", "nix", {0}},
        {"Dockerfile*", "docker", {"FROM", "install", "ADD ", "curl", "wget"}},
        {"*.Dockerfile", "docker", {"FROM", "install", "ADD ", "curl", "wget"}},
};

static bool holds_word(const struct change_line *line, const char *const words[WORDS_MAX])
{
        for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
                if (memmem(line->text, line->len, words[i], strlen(words[i])))
                        return true;
        return false;
}

static bool adds_word(const struct change *change, const char *const words[WORDS_MAX])
{
        if (!words[0] || change->binary || change->text_left_out || !change->lines_len)
                return true;
        for (size_t i = 0; i < change->lines_len; i++)
                if (change->lines[i].sign == '+' && holds_word(&change->lines[i], words))
                        return true;
        return false;
}

const char *risk_dependencies(const struct change *change)
{
        const char *slash = strrchr(change->path, '/'), *name = slash ? slash + 1 : change->path;

        /* what only goes away adds nothing */
        if (change->kind == CHANGE_DELETED || (!change->binary && !change->lines_added && change->new_size))
                return NULL;
        for (size_t i = 0; i < sizeof(manifests) / sizeof(manifests[0]); i++)
                if (ignore_glob(manifests[i].name, name))
                        return adds_word(change, manifests[i].words) ? manifests[i].ecosystem : NULL;
        return NULL;
}
