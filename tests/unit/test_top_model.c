/* SPDX-License-Identifier: MIT */
/* What `top` shows: history, sources and the change between them, and nothing hostile. */
#include "tree.h"

#include "top_source.h"
#include "top_text.h"
#include "view.h"

#define START_SEC 100000

static struct top_model model; /* large */
static struct status_view view;
static struct finding findings[2];
static struct alert alerts[2];
static struct look look;
static struct incident_table incidents;
static struct queue_source queues;
static struct sampler_info info = {.queues = &queues};
static struct history history;

static int setup(void **state) {
    (void)state;
    memset(&model, 0, sizeof model);
    memset(&view, 0, sizeof view);
    memset(&look, 0, sizeof look);
    memset(alerts, 0, sizeof alerts);
    return 0;
}

static struct top_time at(uint64_t second) {
    return (struct top_time){.monotonic_usec = (START_SEC + second) * USEC_PER_SEC,
                             .realtime_usec = (START_SEC + second) * USEC_PER_SEC};
}

static void take_count(uint64_t second, struct figure count) {
    view.state[STATE_CLOSE_WAIT] = count;
    view.time_usec = at(second).realtime_usec;
    top_model_take_file(&model, &view, at(second));
}

/* Letters for points: digits, '-' for what is not known. */
static void check_points(const char *name, size_t width, const char *wanted) {
    struct figure points[TOP_HISTORY_SEC];
    char got[TOP_HISTORY_SEC + 1] = "";
    size_t count = top_model_points(&model, STATE_CLOSE_WAIT, width, points);

    for (size_t i = 0; i < count; i++)
        got[i] = figure_known(points[i]) ? (char)('0' + points[i].value) : '-';
    if (strcmp(got, wanted) != 0)
        fail_msg("%s: \"%s\", wanted \"%s\"", name, got, wanted);
}

static void test_history(void **state) {
    (void)state;
    check_points("empty", 10, "");
    take_count(0, FIGURE_OF(1));
    take_count(1, FIGURE_OF(2));
    take_count(2, FIGURE_OF(5));
    take_count(2, FIGURE_OF(3)); /* the highest of a second counts */
    take_count(3, FIGURE_NONE);
    take_count(6, FIGURE_OF(4)); /* nobody looked meanwhile */
    check_points("one a second", 10, "125---4");
    check_points("as wide", 7, "125---4");
    check_points("no room", 0, "");
    assert_int_equal(top_model_window_sec(&model), 7);
    assert_int_equal(top_model_peak(&model, STATE_CLOSE_WAIT).value, 5);
    assert_false(figure_known(top_model_peak(&model, STATE_CLOSED)));
}

/* The seconds that share a point are the same ones a second later. */
static void test_history_in_few_columns(void **state) {
    (void)state;
    for (uint64_t second = 0; second < 12; second++)
        take_count(second, FIGURE_OF(second % 10));
    check_points("two a point", 6, "135791");
    take_count(12, FIGURE_OF(0));
    check_points("three a point", 6, "14791");
    for (uint64_t second = 13; second < 2 * TOP_HISTORY_SEC; second++)
        take_count(second, FIGURE_OF(second < 400 ? 9 : 2));
    assert_int_equal(top_model_window_sec(&model), TOP_HISTORY_SEC);
    check_points("what is older is forgotten", 3, "922");
    take_count(UINT32_MAX, FIGURE_OF(1));
    check_points("a long sleep", 2, "-1");
}

static void test_history_of_the_file(void **state) {
    (void)state;
    view.history_step_usec = 2 * USEC_PER_SEC;
    view.history_count = 3;
    view.history[STATE_CLOSE_WAIT][0] = FIGURE_OF(7);
    view.history[STATE_CLOSE_WAIT][1] = FIGURE_NONE;
    view.history[STATE_CLOSE_WAIT][2] = FIGURE_OF(8);
    take_count(0, FIGURE_OF(3));
    check_points("our own count stays", 10, "77--83");
    take_count(1, FIGURE_OF(4));
    check_points("what was known stays, too", 10, "777-834");
}

/* Steps that cannot be. */
static void test_history_of_a_bad_file(void **state) {
    static const uint64_t steps[] = {0, 1, USEC_PER_SEC - 1, 301 * USEC_PER_SEC, UINT64_MAX};

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        setup(state);
        view.history_step_usec = steps[i];
        view.history_count = STATUS_HISTORY;
        take_count(0, FIGURE_OF(3));
        check_points("bad step", 10, "3");
    }
    setup(state);
    view.history_step_usec = USEC_PER_SEC;
    view.history_count = 2;
    view.time_usec = 0;
    top_model_take_file(&model, &view, at(0));
    assert_int_equal(top_model_window_sec(&model), 1);
}

static void test_cost(void **state) {
    char buffer[512];
    struct text text = text_in(buffer, sizeof buffer);

    (void)state;
    view.cpu_usec = 5000000;
    take_count(0, FIGURE_OF(0));
    assert_false(figure_known(model.cost.permyriad));
    view.cpu_usec += 25000;
    take_count(10, FIGURE_OF(0));
    assert_int_equal(model.cost.permyriad.value, 25);
    top_source_text(&model, &text);
    assert_string_equal(buffer, "daemon, 0 s old, CPU 0.25%");
    view.cpu_usec = 10; /* another daemon */
    take_count(11, FIGURE_OF(0));
    assert_false(figure_known(model.cost.permyriad));
}

/* Two incidents in a look: a warning first, then a critical one. */
static void prepare_look(const struct sample *sample, const char *unit) {
    for (size_t i = 0; i < 2; i++) {
        findings[i] = (struct finding){.problem = PROBLEM_CLOSE_WAIT_LEAK,
                                       .family = FAMILY_CLOSE_WAIT,
                                       .cause = CAUSE_FD_HELD,
                                       .severity = i == 0 ? SEVERITY_WARNING : SEVERITY_CRITICAL};
        findings[i].scope = (struct scope){.kind = SCOPE_PORT, .local = {.port = (uint16_t)(80 + i)}};
        findings[i].local = listener_on((uint16_t)(80 + i), 128).local;
        snprintf(findings[i].unit, sizeof findings[i].unit, "%s", unit);
        alerts[i].finding = findings[i];
    }
    look.sample = sample;
    look.alert = alerts;
    look.alert_count = 2;
    snprintf(look.netns, sizeof look.netns, "blue\033[2J");
}

static void test_look(void **state) {
    struct sample sample = quiet_sample();
    struct listener listener = listener_on(80, 128);
    char id[INCIDENT_ID_SIZE];

    (void)state;
    sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(9);
    sample.increase[COUNTER_LISTEN_OVERFLOWS] = FIGURE_OF(17);
    listener.half_open = 64;
    listener.accept_queue = 12;
    sample.listener = &listener;
    sample.listener_count = 1;
    prepare_look(&sample, "web.service");
    top_model_take_look(&model, &look, 0, at(0));
    assert_int_equal(model.origin, TOP_FROM_SAMPLES);
    assert_int_equal(model.view.state[STATE_CLOSE_WAIT].value, 9);
    assert_int_equal(model.view.rate[RATE_LISTEN_OVERFLOWS].value, 17);
    assert_int_equal(model.view.listener_count, 1);
    assert_string_equal(model.view.listener[0].local, "192.0.2.1:80");
    assert_int_equal(model.view.listener[0].half_open.value, 64);
    assert_int_equal(model.view.listener[0].half_open_limit.value, 128);
    assert_int_equal(model.view.listener[0].accept_queue, 12);
    assert_int_equal(model.view.incident_count, 2);
    assert_string_equal(top_model_incident(&model, 0)->severity, "critical");
    assert_string_equal(top_model_incident(&model, 1)->unit, "web.service");
    strcpy(id, top_model_incident(&model, 1)->id);
    assert_int_equal(top_model_find(&model, id), 1);
    assert_int_equal(top_model_find(&model, "none"), 0);
}

/* A look remembers nothing; what is there in each of them is one incident with an age. */
static void test_sightings(void **state) {
    struct sample sample = quiet_sample();
    char id[INCIDENT_ID_SIZE];

    (void)state;
    prepare_look(&sample, "");
    top_model_take_look(&model, &look, 0, at(0));
    strcpy(id, top_model_incident(&model, 1)->id);
    top_model_take_look(&model, &look, 0, at(7));
    assert_int_equal(top_model_incident(&model, 1)->age_sec, 7);
    assert_string_equal(top_model_incident(&model, 1)->id, id);
    look.alert_count = 0;
    top_model_take_look(&model, &look, 0, at(8));
    assert_int_equal(model.view.incident_count, 0);
    look.alert_count = 2;
    top_model_take_look(&model, &look, 0, at(9));
    assert_int_equal(top_model_incident(&model, 1)->age_sec, 0);
    assert_string_not_equal(top_model_incident(&model, 1)->id, id);
}

static void check_clean(const char *text) {
    for (; *text != '\0'; text += printable_length(text))
        if (*text != '\n' && printable_length(text) == 0)
            fail_msg("control character %#x", (unsigned char)*text);
        else if (*text == '\n')
            text++;
}

static void test_hostile_strings(void **state) {
    struct sample sample = quiet_sample();
    char page[TOP_PAGE_BYTES];
    struct text text = text_in(page, sizeof page);

    (void)state;
    sample.source[SOURCE_WALK] = (struct source_status){3, true, "walk \x9b[2J\xFF"};
    prepare_look(&sample, "\033]0;owned\007\xC2\x9B[31m.service");
    top_model_take_look(&model, &look, 0, at(0));
    assert_string_equal(model.view.netns, "blue?[2J");
    assert_string_equal(top_model_incident(&model, 0)->unit, "?]0;owned???[31m.service");
    top_explain_text(&model, 0, &text);
    check_clean(page);
    assert_non_null(strstr(page, "unit ?]0;owned"));
    text = text_in(page, sizeof page);
    top_source_text(&model, &text);
    check_clean(page);
    assert_non_null(strstr(page, "walk ?[2J?"));
}

/* The daemon's file names problem and cause: for each there is something to do, with no mark left in it. */
static void test_remedies_of_the_file(void **state) {
    (void)state;
    view.incident_count = 1;
    struct status_incident *incident = &view.incident[0];
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        const struct cause_info *cause = cause_info((enum cause)i);
        const struct problem_info *problem = problem_info(cause->problem);
        char page[TOP_PAGE_BYTES];
        struct text text = text_in(page, sizeof page);
        snprintf(incident->problem, sizeof incident->problem, "%s", problem->slug);
        snprintf(incident->severity, sizeof incident->severity, "warning");
        snprintf(incident->cause, sizeof incident->cause, "%s", cause->sentence);
        take_count(0, FIGURE_OF(0));
        top_explain_text(&model, 0, &text);
        assert_false(text.cut);
        if (!strstr(page, problem->title) || !strstr(page, cause->sentence) || strstr(page, "@"))
            fail_msg("%s: %s", problem->slug, page);
        if (problem->wrong[0].remedy && !strstr(page, problem->wrong[0].why))
            fail_msg("%s: no wrong remedy: %s", problem->slug, page);
    }
    snprintf(incident->problem, sizeof incident->problem, "of-tomorrow");
    take_count(1, FIGURE_OF(0));
    assert_string_equal(model.remedies[0].advice, "");
}

static void write_status(const struct tree *tree, struct top_time now) {
    struct output_directory directory = output_directory_at(tree->root);
    struct sample sample = quiet_sample();

    sample.state[STATE_CLOSE_WAIT] = FIGURE_OF(4321);
    history = (struct history){0};
    history_add(&history, &sample, USEC_PER_SEC);
    assert_int_equal(status_write(&directory, &(struct view){.sample = &sample,
                                                             .incidents = &incidents,
                                                             .sampler = &info,
                                                             .history = &history,
                                                             .netns = "far",
                                                             .interval_usec = USEC_PER_SEC,
                                                             .realtime_usec = now.realtime_usec}),
                     0);
    output_directory_close(&directory);
}

static void check_source(const char *name, struct top_source *source, struct top_time now,
                         const char *wanted) {
    char buffer[1024];
    struct text text = text_in(buffer, sizeof buffer);

    assert_int_equal(top_source_update(source, &model, now), 0);
    top_source_text(&model, &text);
    if (!strstr(buffer, wanted))
        fail_msg("%s: \"%s\" is not in \"%s\"", name, wanted, buffer);
}

/* From the file to samples of our own and back, and what is said of it. */
static void test_switching(void **state) {
    struct tree *tree = *state;
    struct config config;
    struct top_source source = {.config = &config};
    struct top_time now = top_time_now();
    char path[512];

    setup(state);
    config_defaults(&config);
    tree_path(tree, STATUS_FILE_NAME, path);
    source.path = path;
    check_source("no file", &source, now, "own samples; ");
    check_source("no file", &source, now, "No such file");
    write_status(tree, now);
    check_source("a daemon", &source, now, "daemon since ");
    assert_int_equal(model.view.state[STATE_CLOSE_WAIT].value, 4321);
    assert_null(source.look);
    now.realtime_usec += 2 * USEC_PER_SEC;
    check_source("a little old", &source, now, "2 s old");
    now.realtime_usec += 2 * USEC_PER_SEC;
    check_source("stopped", &source, now, "own samples since ");
    check_source("stopped", &source, now, "stale, 4 s old");
    assert_true(model.stale);
    assert_int_not_equal(model.view.state[STATE_CLOSE_WAIT].value, 4321);
    tree_write(tree, STATUS_FILE_NAME, "{\"schema\": 1,");
    check_source("half a file", &source, now, "status.json");
    assert_false(model.stale);
    write_status(tree, now);
    check_source("a daemon again", &source, now, "daemon since ");
    now.realtime_usec -= 3600 * USEC_PER_SEC;
    check_source("a clock that was set", &source, now, "of a time to come");
    top_source_close(&source);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_history, setup),
        cmocka_unit_test_setup(test_history_in_few_columns, setup),
        cmocka_unit_test_setup(test_history_of_the_file, setup),
        cmocka_unit_test_setup(test_history_of_a_bad_file, setup),
        cmocka_unit_test_setup(test_cost, setup),
        cmocka_unit_test_setup(test_look, setup),
        cmocka_unit_test_setup(test_sightings, setup),
        cmocka_unit_test_setup(test_hostile_strings, setup),
        cmocka_unit_test_setup(test_remedies_of_the_file, setup),
        cmocka_unit_test_setup_teardown(test_switching, tree_setup, tree_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
