/*
 * Files that hold a secret, read while the configuration is: see conf.h.
 */

#include "nginx/conf.h"


char *
ngx_http_mfa_secret_file(ngx_conf_t *cf, ngx_str_t *name, size_t max,
    ngx_str_t *text)
{
    u_char           mode[4];
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_uint_t       i;
    ngx_file_info_t  info;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "cannot open \"%V\"",
                           name);
        return NGX_CONF_ERROR;
    }

    text->data = ngx_palloc(cf->pool, max + 1);
    text->len = 0;

    if (text->data == NULL || ngx_fd_info(fd, &info) == NGX_FILE_ERROR
        || !ngx_is_file(&info))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" is not a file", name);
        goto failed;
    }

    if (info.st_mode & (S_IRWXO | S_IWGRP)) {
        /* nginx has no octal format. */
        for (i = 0; i < sizeof(mode); i++) {
            mode[i] = '0' + ((info.st_mode >> (9 - 3 * i)) & 7);
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is open to others (mode %*s); "
                           "make it 0600 or 0640", name, sizeof(mode), mode);
        goto failed;
    }

    n = ngx_read_fd(fd, text->data, max + 1);

    if (n < 0 || (size_t) n > max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, n < 0 ? ngx_errno : 0,
                           "cannot read \"%V\", or it is too large", name);
        goto failed;
    }

    text->len = n;
    ngx_close_file(fd);

    return NGX_CONF_OK;

failed:

    ngx_close_file(fd);

    return NGX_CONF_ERROR;
}
